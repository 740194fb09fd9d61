//! Child processes: launched, fed, watched and ended with everything they started.
