//! The files of a run: which of those in a folder dualgn wrote, by their names. Only they are ever moved or removed.

use std::fmt::Display;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use dualgn_io::{Failure, files};

use super::lock::LOCK;
use crate::checkpoint::{WEIGHTS, folder as checkpoints};
use crate::method::Method;

/// What a run was started with.
pub const CONFIGURATION: &str = "configuration.json";
/// What a run has measured.
pub const SUMMARY: &str = "comparison.json";
/// The page that shows what a run has measured.
pub const PAGE: &str = "report.html";
/// How good the model of a table is on the rows that test.
pub const TEST: &str = "test.json";

/// Files of a run, and of each of several networks.
const OF_RUN: [&str; 10] = [
    CONFIGURATION,
    SUMMARY,
    PAGE,
    "explain.html",
    TEST,
    "deviation.json",
    "frame.json",
    "solution.svg",
    "error.svg",
    "residual.svg",
];
/// Files of a method.
const OF_METHOD: [&str; 3] = ["metrics.jsonl", "steps.jsonl", "movie.png"];
/// Checkpoints.
const OF_CHECKPOINTS: [&str; 4] =
    ["last.safetensors", "previous.safetensors", "best.safetensors", "unfinished.safetensors"];

/// Refuses to write something else onto a file that a run needs: its model, its configuration, what it recorded.
///
/// # Errors
/// The path is that of such a file, in the folder of a run.
pub fn refuse_own(path: &Path) -> Result<(), Failure> {
    let path = &*files::absolute(path);
    let is_named = path.file_name().and_then(|name| name.to_str()).is_some_and(|name| {
        [WEIGHTS, CONFIGURATION, SUMMARY, TEST, LOCK].contains(&name)
            || OF_METHOD.contains(&name)
            || OF_CHECKPOINTS.contains(&name)
    });
    let is_of_run = path.ancestors().skip(1).take(3).any(|folder| folder.join(LOCK).is_file());
    if is_named && is_of_run {
        return Err(Failure::input(format!("{} is a file that its run needs", path.display()))
            .hint("give another name with `--out`"));
    }
    Ok(())
}

/// Returns the name of the folder of one of several networks, which are numbered from 1.
pub fn network_folder(number: impl Display) -> String {
    format!("network-{number}")
}

/// The folders of the networks of a run, if it has several.
pub(crate) fn networks(run: &Path) -> Vec<PathBuf> {
    (1..).map(|number| run.join(network_folder(number))).take_while(|path| path.is_dir()).collect()
}

/// Removes the files of a run, and the folders that are empty then.
pub(crate) fn remove(run: &Path) -> Result<(), Failure> {
    for file in all(run) {
        match fs::remove_file(&file) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(Failure::file("remove", &file, &error)),
            _ => {}
        }
    }
    remove_empty(run);
    Ok(())
}

/// Moves the files of a run into another folder of the same disk; whether there were any.
pub(crate) fn set_aside(run: &Path, to: &Path) -> Result<bool, Failure> {
    let files = all(run);
    for file in &files {
        let Ok(relative) = file.strip_prefix(run) else { continue };
        let target = to.join(relative);
        files::make_folder(target.parent().unwrap_or(to))?;
        fs::rename(file, &target).map_err(|error| Failure::file("move", file, &error))?;
    }
    remove_empty(run);
    Ok(!files.is_empty())
}

/// Removes unfinished files of a program that was killed.
pub(crate) fn remove_unfinished(run: &Path) {
    folders(run).iter().for_each(|(folder, _)| files::remove_unfinished(folder));
}

/// What a folder of a run is for.
#[derive(Clone, Copy)]
enum Kind {
    Run,
    Method,
    Frames,
    Checkpoints,
}

/// The folders in which a run writes, the innermost first.
fn folders(run: &Path) -> Vec<(PathBuf, Kind)> {
    let of_one = |folder: PathBuf| {
        let of_method = |method: Method| {
            let folder = folder.join(method.name);
            [(folder.join("frames"), Kind::Frames), (folder, Kind::Method)]
        };
        let mut all: Vec<(PathBuf, Kind)> = Method::all().flat_map(of_method).collect();
        all.extend([(checkpoints(&folder), Kind::Checkpoints), (folder, Kind::Run)]);
        all
    };
    let all = networks(run).into_iter().chain([run.to_owned()]).flat_map(of_one);
    all.filter(|(folder, _)| folder.is_dir()).collect()
}

/// The files of a run.
fn all(run: &Path) -> Vec<PathBuf> {
    let mut files = vec![];
    for (folder, kind) in folders(run) {
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        let ours = entries
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
            .filter(|entry| is_ours(&entry.file_name().to_string_lossy(), kind));
        files.extend(ours.map(|entry| entry.path()));
    }
    files
}

/// Whether dualgn gives a file this name in a folder of this kind.
fn is_ours(name: &str, kind: Kind) -> bool {
    match kind {
        Kind::Checkpoints => OF_CHECKPOINTS.contains(&name),
        Kind::Frames => {
            let number = name.strip_suffix(".png").unwrap_or_default();
            !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        }
        Kind::Method => {
            OF_METHOD.contains(&name) || (name.starts_with("events.out.tfevents.") && name.ends_with(".dualgn"))
        }
        Kind::Run => OF_RUN.contains(&name) || name == WEIGHTS || is_picture(name),
    }
}

/// Pictures and surfaces of a shape.
fn is_picture(name: &str) -> bool {
    let what = ["given", "before", "after"];
    let mut views = what.iter().flat_map(|what| ["front", "back"].map(|side| format!("{what}-{side}.png")));
    let mut surfaces = ["ply", "obj", "stl", "glb"].into_iter().map(|ending| format!("surface.{ending}"));
    views.any(|own| own == name) || surfaces.any(|own| own == name)
}

/// Removes the folders of a run that nothing is left in, but not its own.
fn remove_empty(run: &Path) {
    for (folder, _) in folders(run).iter().filter(|(folder, _)| folder != run) {
        // One that holds something stays.
        let _ = fs::remove_dir(folder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::File::create(path).unwrap();
    }

    #[test]
    fn what_the_user_put_there_stays() {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("run");
        let ours = [
            "configuration.json",
            "model.safetensors",
            "checkpoints/last.safetensors",
            "dual-gn/metrics.jsonl",
            "dual-gn/frames/00000010.png",
            "network-1/checkpoints/best.safetensors",
            "network-2/adam/events.out.tfevents.1.0.dualgn",
            "surface.ply",
            "after-back.png",
        ];
        let theirs = [
            "notes.txt",
            "checkpoints/mine.safetensors",
            "network-1/data.csv",
            "dual-gn/frames/best.png",
            "other/report.html",
        ];
        for name in ours.iter().chain(&theirs) {
            touch(&run.join(name));
        }
        let aside = run.join(".replaced");
        assert!(set_aside(&run, &aside).unwrap());
        for name in ours {
            assert!(!run.join(name).exists() && aside.join(name).exists(), "{name}");
        }
        set_aside(&aside, &run).unwrap();
        fs::remove_dir(&aside).unwrap();
        assert!(ours.iter().all(|name| run.join(name).exists()));
        remove(&run).unwrap();
        assert!(ours.iter().all(|name| !run.join(name).exists()));
        assert!(theirs.iter().all(|name| run.join(name).exists()));
        assert!(!run.join("network-2").exists() && !run.join("dual-gn/metrics.jsonl").exists());
        assert!(!set_aside(&run, &aside).unwrap());
    }
}
