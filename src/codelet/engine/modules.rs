//! Imports: which names there are, and the bytecode behind them.
//!
//! The rules of `native.rs` hold here too.

use std::ffi::{CStr, c_char, c_void};

use rquickjs::qjs;

use super::native::{Context, outside};

/// No given module's name is longer than this, in bytes.
const MAX_SPECIFIER: usize = 4096;

/// Maps an import to a given module's name, or refuses it.
pub(super) unsafe extern "C" fn on_import(
    ctx: Context,
    importer: *const c_char,
    specifier: *const c_char,
    denied_import: *mut c_void,
) -> *mut c_char {
    // SAFETY: both texts are NUL-terminated and live during the call; the name found belongs to
    // the program, which the host keeps alive; `denied_import` points at the isolate's driver.
    unsafe {
        let found = outside(ctx, std::ptr::null::<c_char>(), |host| {
            let long = CStr::from_ptr(specifier).count_bytes() > MAX_SPECIFIER;
            if long || host.imports_closed {
                return std::ptr::null();
            }
            let importer = CStr::from_ptr(importer).to_string_lossy();
            let specifier = CStr::from_ptr(specifier).to_string_lossy();
            host.program
                .resolve(&importer, &specifier)
                .map_or(std::ptr::null(), |module| module.c_name().as_ptr())
        });
        if !found.is_null() {
            return qjs::js_strdup(ctx, found);
        }
        let refuse = *denied_import.cast::<qjs::JSValue>();
        let mut name =
            qjs::JS_NewStringLen(ctx, specifier, CStr::from_ptr(specifier).count_bytes() as _);
        let error = qjs::JS_Call(ctx, refuse, qjs::JS_UNDEFINED, 1, &raw mut name);
        qjs::JS_FreeValue(ctx, name);
        if !qjs::JS_IsException(error) {
            qjs::JS_Throw(ctx, error);
        }
        std::ptr::null_mut()
    }
}

/// Gives the engine a module it was allowed to import: reads the bytecode compiled beforehand.
pub(super) unsafe extern "C" fn on_load(
    ctx: Context,
    name: *const c_char,
    _: *mut c_void,
) -> *mut qjs::JSModuleDef {
    // SAFETY: the bytecode belongs to the program, which the host keeps alive, and was made by
    // this process's compiler.
    unsafe {
        let missing = (std::ptr::null::<u8>(), 0_usize);
        let (code, len) = outside(ctx, missing, |host| {
            let name = CStr::from_ptr(name);
            let mut modules = host.program.modules.iter();
            modules
                .find(|module| module.c_name().as_c_str() == name)
                .map_or(missing, |module| (module.bytecode.as_ptr(), module.bytecode.len()))
        });
        if code.is_null() {
            return std::ptr::null_mut();
        }
        let flags = qjs::JS_WRITE_OBJ_BYTECODE.cast_signed();
        let module = qjs::JS_ReadObject(ctx, code, len as _, flags);
        if qjs::JS_IsException(module) {
            // The engine has freed the half-read module; in a cycle another one points at it.
            outside(ctx, (), |host| host.imports_closed = true);
            return std::ptr::null_mut();
        }
        qjs::JS_VALUE_GET_PTR(module).cast()
    }
}
