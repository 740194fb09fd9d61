//! A look at a guest's value for the structured clone, without running guest code: which class an
//! object has, whether reading it would run a getter, and whether it is plain JSON all the way down.
//!
//! The last answer is what makes large values cheap: such a tree needs no walk in the guest, the
//! engine's own JSON writer does it.

#![expect(clippy::similar_names, reason = "argc and argv are the engine's own names")]

use std::ffi::c_int;

use rquickjs::qjs;

use super::native::{Args, Bound, Context, arg};

/// The engine's number for plain objects; it promises that this one comes first.
const CLASS_OBJECT: u32 = 1;
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
        let mut known = Prototypes { plain: None };
        qjs::JS_IsObject(value) && is_plain(ctx, value, qjs::JS_GetClassID(value), &mut known, 0)
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

/// The prototype found without `toJSON` last; no guest code can change it during one survey.
struct Prototypes {
    plain: Option<*mut std::ffi::c_void>,
}

const NAMES: c_int = (qjs::JS_GPN_STRING_MASK | qjs::JS_GPN_ENUM_ONLY).cast_signed();

/// The names of own enumerable properties; to be freed by the caller.
unsafe fn names_of(ctx: Context, value: qjs::JSValue) -> Option<(*mut qjs::JSPropertyEnum, u32)> {
    // SAFETY: the list is the engine's own memory.
    unsafe {
        let mut names = std::ptr::null_mut();
        let mut count = 0;
        if qjs::JS_GetOwnPropertyNames(ctx, &raw mut names, &raw mut count, value, NAMES) < 0 {
            qjs::JS_FreeValue(ctx, qjs::JS_GetException(ctx));
            return None;
        }
        Some((names, count))
    }
}

/// An own data property, borrowed from its object; `None` for an accessor or none.
unsafe fn data(ctx: Context, object: qjs::JSValue, atom: qjs::JSAtom) -> Option<qjs::JSValue> {
    // SAFETY: the object keeps the value alive after our reference is gone: no guest code runs.
    unsafe {
        let mut found = qjs::JSPropertyDescriptor {
            flags: 0,
            value: qjs::JS_UNDEFINED,
            getter: qjs::JS_UNDEFINED,
            setter: qjs::JS_UNDEFINED,
        };
        match qjs::JS_GetOwnProperty(ctx, &raw mut found, object, atom) {
            1 => {}
            0 => return None,
            _ => {
                qjs::JS_FreeValue(ctx, qjs::JS_GetException(ctx));
                return None;
            }
        }
        qjs::JS_FreeValue(ctx, found.getter);
        qjs::JS_FreeValue(ctx, found.setter);
        qjs::JS_FreeValue(ctx, found.value);
        (found.flags & qjs::JS_PROP_GETSET.cast_signed() == 0).then_some(found.value)
    }
}

unsafe fn marks_of(ctx: Context, object: qjs::JSValue) -> u32 {
    // SAFETY: as `survey`.
    unsafe {
        let Some((names, count)) = names_of(ctx, object) else { return ACCESSORS };
        let list = listed(names, count);
        let accessors = list.iter().any(|name| data(ctx, object, name.atom).is_none());
        let dense = qjs::JS_IsArray(object) && is_dense(ctx, object, list);
        qjs::JS_FreePropertyEnum(ctx, names, count);
        u32::from(accessors) * ACCESSORS + u32::from(dense) * DENSE
    }
}

/// Of an object without enumerable properties the engine gives no list.
unsafe fn listed<'a>(names: *mut qjs::JSPropertyEnum, count: u32) -> &'a [qjs::JSPropertyEnum] {
    // SAFETY: as many as the engine said, until they are freed.
    if names.is_null() { &[] } else { unsafe { std::slice::from_raw_parts(names, count as usize) } }
}

unsafe fn is_plain(
    ctx: Context,
    value: qjs::JSValue,
    class: u32,
    known: &mut Prototypes,
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
        if has_to_json(ctx, value, known) {
            return false;
        }
        let Some((names, count)) = names_of(ctx, value) else { return false };
        let list = listed(names, count);
        let whole = !is_array || is_dense(ctx, value, list);
        let plain = whole && list.iter().all(|name| member(ctx, value, name.atom, known, depth));
        qjs::JS_FreePropertyEnum(ctx, names, count);
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
    known: &mut Prototypes,
    depth: u32,
) -> bool {
    // SAFETY: as `survey`. The count is read in front of a live object.
    unsafe {
        let Some(value) = data(ctx, object, atom) else { return false };
        if qjs::JS_IsObject(value) {
            let at = qjs::JS_VALUE_GET_PTR(value);
            let references = at.byte_offset(COUNT_OFFSET).cast::<i32>().read();
            return references == 1
                && is_plain(ctx, value, qjs::JS_GetClassID(value), known, depth + 1);
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

/// Whether the JSON writer would find a `toJSON`, or ask a proxy for one.
unsafe fn has_to_json(ctx: Context, value: qjs::JSValue, known: &mut Prototypes) -> bool {
    // SAFETY: prototypes of objects that are no proxies are read from their shapes; each stays
    // alive by the object it is the prototype of.
    unsafe {
        let name = qjs::JS_NewAtomLen(ctx, c"toJSON".as_ptr(), 6);
        let mut at = value;
        let mut first = None;
        let found = loop {
            if qjs::JS_IsProxy(at) {
                break true;
            }
            match qjs::JS_GetOwnProperty(ctx, std::ptr::null_mut(), at, name) {
                0 => {}
                1 => break true,
                _ => {
                    qjs::JS_FreeValue(ctx, qjs::JS_GetException(ctx));
                    break true;
                }
            }
            let next = qjs::JS_GetPrototype(ctx, at);
            qjs::JS_FreeValue(ctx, next);
            if !qjs::JS_IsObject(next) {
                break false;
            }
            let identity = qjs::JS_VALUE_GET_PTR(next);
            if known.plain == Some(identity) {
                break false;
            }
            first = first.or(Some(identity));
            at = next;
        };
        qjs::JS_FreeAtom(ctx, name);
        if !found && first.is_some() {
            known.plain = first;
        }
        found
    }
}
