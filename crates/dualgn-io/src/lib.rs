//! What the crates around dualgn read and write: files of the user's to a limit, files of a run whole or not at all, arrays of NumPy,
//! and failures that say what was wrong, where, and what to do.
//!
//! ```text
//! failure.rs   how something ends badly, and who can mend it    failure/library.rs   errors of the library as failures
//! input.rs     files, pipes and standard input as bytes         files.rs             files that are whole or absent
//! npz.rs       archives of arrays of NumPy                      npz/npy.rs           one of the arrays
//!                                                               npz/header.rs        its type and shape (kind.rs, literal.rs)
//! guarded.rs   readers of other crates that may panic           number.rs            numbers as people read them
//! memory.rs    what may be taken, and what was                  allocator.rs         the end of memory, said
//! ```
//!
//! ```
//! use std::path::Path;
//!
//! use dualgn_io::{files, input};
//!
//! let folder = tempfile::tempdir().unwrap();
//! let path = folder.path().join("weights.bin");
//! files::replace(&path, b"1234").unwrap();
//! assert_eq!(input::read(&path, 4).unwrap(), b"1234");
//!
//! let failure = input::read(&path, 3).unwrap_err();
//! assert!(failure.message().contains("more than 3 bytes"));
//! assert!(failure.is_input());
//! ```

#![warn(clippy::print_stdout, clippy::print_stderr)]

mod allocator;
mod failure;
pub mod files;
pub mod guarded;
pub mod input;
pub mod memory;
pub mod npz;
pub mod number;

pub use allocator::{Allocator, fallible};
pub use failure::{Failure, FailureKind};
