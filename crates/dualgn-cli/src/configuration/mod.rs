//! Runs in TOML files: what stands there is what could be typed. Every option of the command line is a key, with the same name,
//! meaning, values and help; nothing is said twice.
//!
//! ```text
//! file.rs      a file, and the command that it stands for
//! options.rs   the options of a command, as the command line defines them
//! template.rs  a file with every option as a comment
//! schema.rs    its JSON schema
//! ```

mod file;
mod options;
mod schema;
mod template;

#[cfg(feature = "fields")]
pub(crate) use file::is_of_equations;
pub(crate) use file::{RunFile, expanded};
pub(crate) use schema::schema;
pub(crate) use template::template;
