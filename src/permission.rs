//! What a child process may do, as data: flags and objects become a [`set`](self), nothing is touched.
