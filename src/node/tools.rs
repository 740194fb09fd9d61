//! N-API face.
