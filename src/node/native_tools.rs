//! N-API face of the native tools: each call on a thread that may block, its answer as JSON text.

use napi::bindgen_prelude::{Env, FromNapiValue, JsValue};
use napi::{Result, Task, Unknown};
use napi_derive::napi;

/// One call on its way.
#[derive(Debug)]
pub struct NativeCall {
    name: String,
    roots: String,
    input: String,
}

impl Task for NativeCall {
    type Output = String;
    type JsValue = String;

    fn compute(&mut self) -> Result<String> {
        let NativeCall { name, roots, input } = self;
        Ok(std::panic::catch_unwind(|| answer(name, roots, input)).unwrap_or_else(|_| broken()))
    }

    fn resolve(&mut self, _: Env, answer: String) -> Result<String> {
        Ok(answer)
    }
}

#[cfg(unix)]
fn answer(name: &str, roots: &str, input: &str) -> String {
    crate::tool::native::call(name, roots, input)
}

#[cfg(unix)]
fn broken() -> String {
    crate::tool::native::broken()
}

#[cfg(not(unix))]
fn answer(_: &str, _: &str, _: &str) -> String {
    let message = "native tools need a system with openat, which this one has not";
    serde_json::json!({
        "ok": false,
        "error": {
            "code": crate::Code::PolicyUnenforceable,
            "nativeCode": "PermissionDenied",
            "message": message,
            "details": { "nativeCode": "PermissionDenied", "reason": "platform" },
        },
    })
    .to_string()
}

#[cfg(not(unix))]
fn broken() -> String {
    answer("", "", "")
}

/// Performs one call of a native tool on a thread that may block. `name` is a verb such as
/// `read_file`, `roots` JSON `{rootDir, additionalRoots?}` with absolute paths, `input` JSON.
/// Gives JSON `{ok: true, output}` or `{ok: false, error: {code, nativeCode, message, details}}`.
///
/// Files are worked on by the host's pool of threads; a command, which may take half a minute, has
/// a thread of its own, so that a few of them do not hold up the host's own file operations.
#[napi(ts_return_type = "Promise<string>")]
pub fn native_tool(
    env: Env,
    name: String,
    roots: String,
    input: String,
) -> Result<Unknown<'static>> {
    let call = NativeCall { name, roots, input };
    let promise = if call.name == "exec" {
        let (deferred, promise) = env.create_deferred()?;
        let mut call = call;
        let run = move || {
            let text = call.compute();
            deferred.resolve(move |_| text);
        };
        std::thread::Builder::new().name("runlet-exec".into()).spawn(run)?;
        promise.raw()
    } else {
        env.spawn(call)?.promise_object().raw()
    };
    // SAFETY: a promise of this environment, made in the scope of this call, to which it is returned.
    unsafe { Unknown::from_napi_value(env.raw(), promise) }
}
