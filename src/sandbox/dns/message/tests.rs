//! Reading and writing messages.
