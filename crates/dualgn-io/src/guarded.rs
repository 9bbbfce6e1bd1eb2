//! Calls of other crates that may panic on a damaged file: [`guarded`] makes that an absent answer.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Returns what a call returns; `None` if it panics, without the message of a panic.
pub fn guarded<T>(call: impl FnOnce() -> T) -> Option<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = take_hook();
        set_hook(Box::new(move |panic| {
            if !IS_GUARDED.get() {
                usual(panic);
            }
        }));
    });
    let before = IS_GUARDED.replace(true);
    // What was half changed is not used again: the caller refuses the file.
    let answer = catch_unwind(AssertUnwindSafe(call)).ok();
    IS_GUARDED.set(before);
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_absent_answer() {
        assert_eq!(guarded(|| 3), Some(3));
        assert_eq!(guarded(|| -> i32 { panic!("not shown") }), None);
        assert!(!IS_GUARDED.get());
    }
}
