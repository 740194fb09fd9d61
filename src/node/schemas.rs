//! JSON Schemas that JavaScript refers to by number.
//!
//! Answers are JSON text: what was asked for, or `{"error": …}` that the package makes a
//! `RunletError` of.

use rustc_hash::FxHashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};

use napi::bindgen_prelude::AsyncTask;
use napi::{Env, Error, Result, Status, Task};
use napi_derive::napi;
use parking_lot::Mutex;
use serde_json::json;

use crate::Code;
use crate::tool::schema::Schema;

/// Every compiled schema of the process, of whichever environment.
static SCHEMAS: LazyLock<Mutex<FxHashMap<u32, Arc<Schema>>>> = LazyLock::new(Mutex::default);
static NEXT: AtomicU32 = AtomicU32::new(1);

/// Compiles a JSON Schema: `{"schema": number}`, or `{"error": {code, message, details}}`.
#[napi(catch_unwind)]
pub fn compile_schema(text: String) -> String {
    match Schema::compile(&text) {
        Ok(schema) => {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            SCHEMAS.lock().insert(number, Arc::new(schema));
            json!({ "schema": number })
        }
        Err(message) => json!({
            "error": { "code": Code::InvalidArgument, "message": message, "details": {} }
        }),
    }
    .to_string()
}

fn kept(number: u32) -> Result<Arc<Schema>> {
    let schema = SCHEMAS.lock().get(&number).map(Arc::clone);
    schema.ok_or_else(|| Error::new(Status::InvalidArg, "no such schema"))
}

fn answer(schema: &Schema, text: &str) -> String {
    json!({ "issues": schema.issues(text) }).to_string()
}

/// What a schema has against a value given as JSON: `{"issues": [{path, message}, …]}`, empty for a
/// valid one. On the calling thread: for values that are looked at faster than a thread wakes.
#[napi(catch_unwind)]
pub fn validate_schema(schema: u32, value: String) -> Result<String> {
    Ok(answer(&*kept(schema)?, &value))
}

/// As `validateSchema`, on a thread of the pool; gives a promise.
#[napi(catch_unwind, ts_return_type = "Promise<string>")]
pub fn validate_schema_aside(schema: u32, value: String) -> Result<AsyncTask<Validation>> {
    Ok(AsyncTask::new(Validation { schema: kept(schema)?, value }))
}

/// Forgets a schema. Validations under way go on.
#[napi(catch_unwind)]
pub fn drop_schema(schema: u32) {
    SCHEMAS.lock().remove(&schema);
}

/// One value to be looked at aside.
#[derive(Debug)]
pub struct Validation {
    schema: Arc<Schema>,
    value: String,
}

impl Task for Validation {
    type Output = String;
    type JsValue = String;

    fn compute(&mut self) -> Result<String> {
        let looked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            answer(&self.schema, &self.value)
        }));
        looked.map_err(|_| Error::new(Status::GenericFailure, "a fault of runlet itself"))
    }

    fn resolve(&mut self, _env: Env, issues: String) -> Result<String> {
        Ok(issues)
    }
}
