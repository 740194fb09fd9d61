//! Which variables are inherited.

use std::ffi::OsString;

use super::set;
use crate::permission::{Verdict, is_never_given};

#[test]
fn the_never_list_is_the_contracts() {
    let texts = "LD_PRELOAD LD_LIBRARY_PATH DYLD_INSERT_LIBRARIES NODE_OPTIONS NODE_PATH \
        NODE_EXTRA_CA_CERTS NODE_REPL_EXTERNAL_MODULE NODE_COMPILE_CACHE NODE_V8_COVERAGE \
        NODE_REDIRECT_WARNINGS NODE_ICU_DATA NODE_CHANNEL_FD NODE_UNIQUE_ID OPENSSL_CONF \
        OPENSSL_MODULES SSLKEYLOGFILE BUN_OPTIONS BUN_INSPECT BUN_INSPECT_PRELOAD \
        BUN_CONFIG_REGISTRY BUN_JSC_useJIT BUN_BE_BUN BUN_FEATURE_FLAG_X JSC_useJIT GLIBC_TUNABLES \
        GCONV_PATH LOCPATH NLSPATH MALLOC_CHECK_ RES_OPTIONS RESOLV_HOST_CONF LOCALDOMAIN \
        HOSTALIASES GETCONF_DIR BASH_ENV ENV BASH_FUNC_x%% SHELLOPTS BASHOPTS PS4 PROMPT_COMMAND \
        IFS CDPATH GLOBIGNORE PYTHONSTARTUP PYTHONPATH PERL5OPT PERL5LIB RUBYOPT GIT_SSH \
        GIT_SSH_COMMAND GIT_EXTERNAL_DIFF RUNLET_ENVIRONMENT COMPOZY_RUNTIME";
    let everything = set(&["--allow-env"]);
    for name in texts.split_whitespace() {
        assert!(is_never_given(name), "{name}");
        assert_eq!(everything.judge_inherited(name), Verdict::Never, "{name}");
    }
    for name in ["PATH", "HOME", "NODE_ENV", "ENVIRONMENT", "ENV_X", "IFS_", "node_options", "PS1"]
    {
        assert!(!is_never_given(name), "{name}");
        assert_eq!(everything.judge_inherited(name), Verdict::Allowed, "{name}");
    }
}

#[test]
fn variables_are_judged_by_the_table() {
    use Verdict::{Allowed, DenyRule, Never, NoRule};
    for (flags, name, expected) in [
        (&[][..], "PATH", NoRule),
        (&["--allow-env=NODE_*"], "NODE_ENV", Allowed),
        (&["--allow-env=NODE_*"], "NODE_OPTIONS", Never),
        (&["--allow-env=NODE_*"], "node_env", NoRule),
        (&["--allow-env=NODE_*"], "NODE_", Allowed),
        (&["--allow-env=NODE_*"], "NODE", NoRule),
        (&["--allow-env=API_KEY"], "API_KEY", Allowed),
        (&["--allow-env=API_KEY"], "API_KEY2", NoRule),
        (&["--allow-env", "--deny-env=AWS_*"], "AWS_SECRET", DenyRule),
        (&["--allow-env=AWS_SECRET", "--deny-env=AWS_*"], "AWS_SECRET", DenyRule),
        (&["--allow-env", "--deny-env"], "HOME", DenyRule),
        // Proxies only by their exact names.
        (&["--allow-env"], "HTTP_PROXY", NoRule),
        (&["--allow-env"], "https_proxy", NoRule),
        (&["--allow-env"], "No_Proxy", NoRule),
        (&["--allow-env=HTTP*"], "HTTP_PROXY", NoRule),
        (&["--allow-env=HTTP_PROXY*"], "HTTP_PROXY", NoRule),
        (&["--allow-env=HTTP_PROXY"], "HTTP_PROXY", Allowed),
        (&["--allow-env=HTTP_PROXY"], "http_proxy", NoRule),
        (&["--allow-env=*,http_proxy"], "http_proxy", Allowed),
        (&["--allow-env=http_proxy", "--deny-env=http*"], "http_proxy", DenyRule),
        (&["--allow-env"], "PROXY", Allowed),
    ] {
        assert_eq!(set(flags).judge_inherited(name), expected, "{flags:?} {name}");
    }
    // An exact proxy counts beside everything, so it stays in the canonical form.
    assert_eq!(
        set(&["--allow-env=*,http_proxy,HOME"]).to_flags(),
        ["--allow-env", "--allow-env=http_proxy"]
    );
}

#[test]
fn the_environment_is_clean_by_default() {
    let host = || {
        let pairs = [("B", "2"), ("A", "1"), ("A", "later"), ("LD_PRELOAD", "x"), ("", "x")];
        pairs.into_iter().map(|(name, value)| (OsString::from(name), OsString::from(value)))
    };
    assert_eq!(set(&["-A", "--deny-env"]).inherited_env(host()), []);
    assert_eq!(set(&[]).inherited_env(host()), []);
    let own = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(set(&["--allow-env=A"]).inherited_env(host()), [own("A", "1")]);
    assert_eq!(set(&["--allow-env"]).inherited_env(host()), [own("A", "1"), own("B", "2")]);
}

#[cfg(unix)]
#[test]
fn what_is_no_unicode_is_not_inherited() {
    use std::os::unix::ffi::OsStringExt;
    let bad = || OsString::from_vec(vec![b'A', 0xff]);
    let host = vec![(OsString::from("A"), bad()), (bad(), "x".into()), ("B".into(), "y".into())];
    let kept = set(&["--allow-env"]).inherited_env(host.into_iter());
    assert_eq!(kept, [("B".to_owned(), "y".to_owned())]);
}

#[test]
fn what_a_call_sets_is_only_kept_from_by_deny() {
    assert!(!set(&[]).denies_env("X"));
    assert!(set(&["--deny-env=X"]).denies_env("X"));
    assert!(!set(&["--deny-env=X"]).denies_env("XY"));
    assert!(set(&["--deny-env"]).denies_env("HTTP_PROXY"));
}
