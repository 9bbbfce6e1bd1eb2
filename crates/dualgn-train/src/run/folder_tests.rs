use super::*;

fn program(words: &[&str]) -> Program {
    Program::new(words.iter().map(|word| (*word).to_owned()).collect())
}

fn touch(path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    File::create(path).unwrap();
}

#[test]
fn a_folder_belongs_to_one_program() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let first = RunFolder::claim(None, &path, false, program(&["dualgn", "train", "digits"])).unwrap();
    first.sign().unwrap();
    let refusal = RunFolder::claim(Some(&path), &path, true, program(&["dualgn", "fit"])).unwrap_err().to_string();
    assert!(refusal.contains("belongs to `dualgn train digits`"), "{refusal}");
    // Where no folder is named, the next one will do.
    let second = RunFolder::claim(None, &path, false, program(&["dualgn", "fit"])).unwrap();
    assert!(second.path().ends_with("run-2"), "{second:?}");
    drop((first, second));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "a command that did nothing leaves nothing");
}

#[test]
fn an_earlier_run_comes_back_unless_the_new_one_can_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let claim = |overwrites| RunFolder::claim(Some(&path), &path, overwrites, program(&["dualgn", "train"]));
    let mut old = claim(false).unwrap();
    old.begin().unwrap();
    [CONFIGURATION, WEIGHTS].iter().for_each(|name| touch(&path.join(name)));
    old.finish().unwrap();
    drop(old);
    assert!(claim(false).unwrap_err().to_string().contains("holds an earlier run"));
    let mut new = claim(true).unwrap();
    new.begin().unwrap();
    assert!(!path.join(WEIGHTS).exists());
    drop(new);
    assert!(path.join(WEIGHTS).exists() && !path.join(REPLACED).exists());
    let mut new = claim(true).unwrap();
    new.begin().unwrap();
    touch(&path.join("checkpoints/last.safetensors"));
    drop(new);
    assert!(!path.join(WEIGHTS).exists() && path.join(REPLACED).join(WEIGHTS).exists());
}

#[test]
fn a_run_that_goes_on_keeps_who_began_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let began = ["dualgn", "train", "digits"];
    let run = RunFolder::claim(Some(&path), &path, false, program(&began)).unwrap();
    run.sign().unwrap();
    touch(&path.join(CONFIGURATION));
    drop(run);
    let run = RunFolder::reclaim(&path, program(&["dualgn", "resume", "run"])).unwrap();
    assert_eq!(run.began().unwrap().words, began);
    run.sign().unwrap();
    assert_eq!(Owner::read(&File::open(path.join(LOCK)).unwrap()).unwrap().words, began);
    assert!(RunFolder::check(&path).is_ok() && RunFolder::check(folder.path()).is_err());
}
