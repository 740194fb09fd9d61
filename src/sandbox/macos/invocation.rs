//! How a program is started under a profile.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::profile::{Network, Terms};
use super::proxy::Proxy;
use crate::error::Error;

/// Puts a profile on and becomes the program. By its whole path: nobody's `PATH` is asked.
const SANDBOX_EXEC: &str = "/usr/bin/sandbox-exec";

/// A program, its arguments, and what its environment has more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invocation {
    pub program: PathBuf,
    pub arguments: Vec<OsString>,
    pub variables: Vec<(String, String)>,
}

impl Invocation {
    /// Starts a program under a sandbox. The proxy must outlive it.
    pub(crate) fn new(
        mut terms: Terms,
        proxy: Option<&Proxy>,
        program: &Path,
        arguments: &[OsString],
    ) -> Result<Invocation, Error> {
        let mut variables = Vec::new();
        if let Some(proxy) = proxy {
            terms.network = Network::Proxy(proxy.port());
            variables = proxy.variables();
        }
        let mut all = vec!["-p".into(), terms.profile()?.into(), program.as_os_str().to_owned()];
        all.extend_from_slice(arguments);
        Ok(Invocation { program: SANDBOX_EXEC.into(), arguments: all, variables })
    }
}
