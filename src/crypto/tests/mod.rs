//! The cryptography against published vectors, and against itself in both roles.

mod kx;
