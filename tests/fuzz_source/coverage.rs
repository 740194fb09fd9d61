//! Which of the engine's code an input reached, as the instrumented engine records it.

#![cfg_attr(feature = "sanitize", expect(unsafe_code, reason = "the record is kept in C"))]

#[cfg(feature = "sanitize")]
unsafe extern "C" {
    fn runlet_edges_clear();
    fn runlet_edges_learn() -> usize;
}

/// Begins the record of one input.
pub(crate) fn clear() {
    #[cfg(feature = "sanitize")]
    // SAFETY: no run is under way; a mark set meanwhile would only be lost.
    unsafe {
        runlet_edges_clear();
    }
}

/// How much of the engine all inputs reached together.
#[derive(Default)]
pub(crate) struct Coverage {
    known: usize,
}

impl Coverage {
    /// True if anything was reached since [`clear`] that no input before it had reached.
    pub(crate) fn learn(&mut self) -> bool {
        #[cfg(feature = "sanitize")]
        // SAFETY: as in `clear`.
        let new = unsafe { runlet_edges_learn() };
        #[cfg(not(feature = "sanitize"))]
        let new = 0;
        self.known += new;
        new > 0
    }

    /// How many edges were reached; `None` when this build keeps no record.
    pub(crate) fn reached(&self) -> Option<usize> {
        cfg!(feature = "sanitize").then_some(self.known)
    }
}
