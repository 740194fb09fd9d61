//! Plain data looked at without running guest code: own properties that are values, and whether a
//! `toJSON` stands anywhere above them. What JSON is written from, and the structured clone too.
//!
//! Only for objects that are no proxies: the engine asks a proxy's handler, which is the guest's.
//! Nothing here owns anything when the engine leaves the run: no destructor is needed.

use std::ffi::{c_int, c_void};
use std::ptr::null_mut;

use rquickjs::qjs;

/// Classes of plain data, by the engine's numbers; it promises that these come first.
pub(super) const CLASS_OBJECT: u32 = 1;
pub(super) const CLASS_ARRAY: u32 = 2;

/// Prototypes remembered at once.
const REMEMBERED: usize = 4;
/// More prototypes above one object are not followed.
const MOST_ABOVE: usize = 16;

const NAMES: c_int = (qjs::JS_GPN_STRING_MASK | qjs::JS_GPN_ENUM_ONLY).cast_signed();

/// The names of own enumerable properties, in the engine's order.
pub(super) struct Names {
    list: *mut qjs::JSPropertyEnum,
    count: u32,
}

impl Names {
    /// `None` where the engine gives no list.
    ///
    /// # Safety
    /// Inside an entry, on `ctx`'s thread; `object` is alive and no proxy.
    pub(super) unsafe fn of(ctx: *mut qjs::JSContext, object: qjs::JSValue) -> Option<Names> {
        let mut names = Names { list: null_mut(), count: 0 };
        // SAFETY: the list is the engine's own memory.
        unsafe {
            let Names { list, count } = &mut names;
            if qjs::JS_GetOwnPropertyNames(ctx, list, count, object, NAMES) < 0 {
                qjs::JS_FreeValue(ctx, qjs::JS_GetException(ctx));
                return None;
            }
        }
        Some(names)
    }

    pub(super) fn as_slice(&self) -> &[qjs::JSPropertyEnum] {
        // Of an object without enumerable properties the engine gives no list.
        if self.list.is_null() {
            return &[];
        }
        // SAFETY: as many as the engine said, until they are given back, which takes `self`.
        unsafe { std::slice::from_raw_parts(self.list, self.count as usize) }
    }

    /// Gives the list back. One that is not given back goes with the arena.
    ///
    /// # Safety
    /// In the entry that made it.
    pub(super) unsafe fn free(self, ctx: *mut qjs::JSContext) {
        // SAFETY: the engine's own list; it takes a null one.
        unsafe { qjs::JS_FreePropertyEnum(ctx, self.list, self.count) };
    }
}

/// An own property that is a value, borrowed from its object; `None` for an accessor or none. The
/// reference is given back at once: the object keeps the value, and nothing changes it meanwhile.
///
/// # Safety
/// As [`Names::of`].
pub(super) unsafe fn own_value(
    ctx: *mut qjs::JSContext,
    object: qjs::JSValue,
    key: qjs::JSAtom,
) -> Option<qjs::JSValue> {
    let mut found = qjs::JSPropertyDescriptor {
        flags: 0,
        value: qjs::JS_UNDEFINED,
        getter: qjs::JS_UNDEFINED,
        setter: qjs::JS_UNDEFINED,
    };
    // SAFETY: reading the descriptor of an ordinary object runs nothing.
    unsafe {
        match qjs::JS_GetOwnProperty(ctx, &raw mut found, object, key) {
            1 => {}
            0 => return None,
            _ => {
                qjs::JS_FreeValue(ctx, qjs::JS_GetException(ctx));
                return None;
            }
        }
        if found.flags & qjs::JS_PROP_GETSET.cast_signed() != 0 {
            qjs::JS_FreeValue(ctx, found.getter);
            qjs::JS_FreeValue(ctx, found.setter);
            return None;
        }
        qjs::JS_FreeValue(ctx, found.value);
        Some(found.value)
    }
}

/// Who has a `toJSON`. Holds for as long as no guest code runs.
pub(super) struct ToJson {
    name: qjs::JSAtom,
    /// Prototypes without one, nor have theirs.
    without: [*mut c_void; REMEMBERED],
    next: usize,
}

impl ToJson {
    /// # Safety
    /// Inside an entry, on `ctx`'s thread.
    pub(super) unsafe fn new(ctx: *mut qjs::JSContext) -> ToJson {
        // SAFETY: the name stays an atom of the image: the engine's own writer uses it.
        let name = unsafe { qjs::JS_NewAtomLen(ctx, c"toJSON".as_ptr(), 6) };
        ToJson { name, without: [null_mut(); REMEMBERED], next: 0 }
    }

    /// Whether the object itself has one, visible or not.
    ///
    /// # Safety
    /// As [`Names::of`].
    pub(super) unsafe fn is_own(&self, ctx: *mut qjs::JSContext, object: qjs::JSValue) -> bool {
        // SAFETY: as `own_value`; the descriptor is not asked for.
        unsafe {
            match qjs::JS_GetOwnProperty(ctx, null_mut(), object, self.name) {
                0 => false,
                1 => true,
                _ => {
                    qjs::JS_FreeValue(ctx, qjs::JS_GetException(ctx));
                    true
                }
            }
        }
    }

    /// Whether anything above the object has one, or may have: a proxy is not asked.
    ///
    /// # Safety
    /// As [`Names::of`].
    pub(super) unsafe fn is_above(
        &mut self,
        ctx: *mut qjs::JSContext,
        object: qjs::JSValue,
    ) -> bool {
        // SAFETY: a prototype is kept alive by the object below it, so its reference is given back
        // at once.
        unsafe {
            let above = |object| {
                let above = qjs::JS_GetPrototype(ctx, object);
                qjs::JS_FreeValue(ctx, above);
                above
            };
            let first = above(object);
            let mut at = first;
            for _ in 0..MOST_ABOVE {
                if !qjs::JS_IsObject(at) || self.without.contains(&qjs::JS_VALUE_GET_PTR(at)) {
                    self.remember(first);
                    return false;
                }
                if qjs::JS_IsProxy(at) || self.is_own(ctx, at) {
                    return true;
                }
                at = above(at);
            }
            true
        }
    }

    fn remember(&mut self, prototype: qjs::JSValue) {
        // SAFETY: a look at the tag, and at the address of an object.
        unsafe {
            if !qjs::JS_IsObject(prototype) {
                return;
            }
            let address = qjs::JS_VALUE_GET_PTR(prototype);
            if !self.without.contains(&address) {
                self.without[self.next % REMEMBERED] = address;
                self.next += 1;
            }
        }
    }
}
