//! A look at a guest's value for the structured clone, without running guest code: which class an
//! object has, whether reading it would run a getter, and whether it is plain JSON all the way down.
//!
//! The last answer is what makes large values cheap: such a tree needs no walk in the guest, the
//! engine's own JSON writer does it.

#![expect(clippy::similar_names, reason = "argc and argv are the engine's own names")]

use std::ffi::c_int;

use rquickjs::qjs;

use super::native::{Args, Bound, Context, arg};
use super::plain::{CLASS_OBJECT, Names, ToJson, own_value};

/// Added to a class whose object has an accessor among the properties that would be read.
const ACCESSORS: u32 = 0x100;
/// Added for an array that has every index below its length and nothing else.
const DENSE: u32 = 0x200;
/// Trees deeper than this are left to the walk in the guest, which the engine's stack check bounds.
const MAX_DEPTH: u32 = 64;
/// In front of every block of the engine lies a header whose last four bytes count references.
const COUNT_OFFSET: isize = -4;

/// `native.survey(object)`: 0 for a plain JSON tree, else the class number, with [`ACCESSORS`] and
/// [`DENSE`].
///
/// A plain tree holds objects and dense arrays of null, booleans, strings, finite numbers but -0,
/// and of such trees. Nothing in it has a `toJSON`, and everything below its root is referred to
/// from one place only, so no identity is lost when it is written as text.
pub(super) unsafe extern "C" fn survey(
    ctx: Context,
    _: qjs::JSValue,
    argc: c_int,
    argv: Args,
) -> qjs::JSValue {
    // SAFETY: only looks at own properties of objects that are no proxies, which runs no guest
    // code; nothing but engine memory is held meanwhile.
    unsafe {
        let value = arg(argc, argv, 0);
        let class = qjs::JS_GetClassID(value);
        if is_plain_tree(ctx, value) {
            return qjs::JS_MKVAL(qjs::JS_TAG_INT, 0);
        }
        let readable = class == CLASS_OBJECT || qjs::JS_IsArray(value);
        let marks = if readable { marks_of(ctx, value) } else { 0 };
        qjs::JS_MKVAL(qjs::JS_TAG_INT, (class | marks).cast_signed())
    }
}

/// Whether JSON says all about a value, as [`survey`] has it.
pub(super) unsafe fn is_plain_tree(ctx: Context, value: qjs::JSValue) -> bool {
    // SAFETY: as `survey`.
    unsafe {
        qjs::JS_IsObject(value)
            && is_plain(ctx, value, qjs::JS_GetClassID(value), &mut ToJson::new(ctx), 0)
    }
}

/// `native.classOf(object)`: the engine's number of its class.
pub(super) unsafe extern "C" fn class_of(
    _: Context,
    _: qjs::JSValue,
    argc: c_int,
    argv: Args,
) -> qjs::JSValue {
    // SAFETY: a look at a tag and a class.
    unsafe {
        let class = qjs::JS_GetClassID(arg(argc, argv, 0));
        qjs::JS_MKVAL(qjs::JS_TAG_INT, class.cast_signed())
    }
}

unsafe fn marks_of(ctx: Context, object: qjs::JSValue) -> u32 {
    // SAFETY: as `survey`.
    unsafe {
        let Some(names) = Names::of(ctx, object) else { return ACCESSORS };
        let list = names.as_slice();
        let accessors = list.iter().any(|name| own_value(ctx, object, name.atom).is_none());
        let dense = qjs::JS_IsArray(object) && is_dense(ctx, object, list);
        names.free(ctx);
        u32::from(accessors) * ACCESSORS + u32::from(dense) * DENSE
    }
}

unsafe fn is_plain(
    ctx: Context,
    value: qjs::JSValue,
    class: u32,
    to_json: &mut ToJson,
    depth: u32,
) -> bool {
    // SAFETY: as `survey`; leaving a run from here is like leaving it from any engine function.
    unsafe {
        let bound = qjs::JS_GetContextOpaque(ctx).cast::<Bound>();
        if !bound.is_null() && (*(*bound).cell).stop_requested() {
            (*(*bound).cell).leave_stopped();
        }
        let is_array = qjs::JS_IsArray(value);
        if depth > MAX_DEPTH || !(is_array || class == CLASS_OBJECT) {
            return false;
        }
        if to_json.is_own(ctx, value) || to_json.is_above(ctx, value) {
            return false;
        }
        let Some(names) = Names::of(ctx, value) else { return false };
        let list = names.as_slice();
        let whole = !is_array || is_dense(ctx, value, list);
        let plain = whole && list.iter().all(|name| member(ctx, value, name.atom, to_json, depth));
        names.free(ctx);
        plain
    }
}

/// Whether the names are every index of the array and nothing else.
unsafe fn is_dense(ctx: Context, array: qjs::JSValue, names: &[qjs::JSPropertyEnum]) -> bool {
    // SAFETY: an array's length is plain data.
    unsafe {
        let mut length = 0;
        qjs::JS_GetLength(ctx, array, &raw mut length);
        // Atoms of small numbers are the numbers themselves, marked: making one allocates nothing.
        u32::try_from(length).is_ok_and(|length| length as usize == names.len() && length < 1 << 31)
            && (0..).zip(names).all(|(at, name)| name.atom == qjs::JS_NewAtomUInt32(ctx, at))
    }
}

unsafe fn member(
    ctx: Context,
    object: qjs::JSValue,
    atom: qjs::JSAtom,
    to_json: &mut ToJson,
    depth: u32,
) -> bool {
    // SAFETY: as `survey`. The count is read in front of a live object.
    unsafe {
        let Some(value) = own_value(ctx, object, atom) else { return false };
        if qjs::JS_IsObject(value) {
            let at = qjs::JS_VALUE_GET_PTR(value);
            let references = at.byte_offset(COUNT_OFFSET).cast::<i32>().read();
            return references == 1
                && is_plain(ctx, value, qjs::JS_GetClassID(value), to_json, depth + 1);
        }
        if qjs::JS_IsInt(value) || qjs::JS_IsString(value) || qjs::JS_IsBool(value) {
            return true;
        }
        if qjs::JS_IsNumber(value) {
            let number = qjs::JS_VALUE_GET_FLOAT64(value);
            return number.is_finite() && !(number == 0.0 && number.is_sign_negative());
        }
        qjs::JS_IsNull(value)
    }
}
