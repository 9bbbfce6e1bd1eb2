//! [`Allocator`]: what happens where the system has no more memory: a sentence and exit code 1 instead of an abort.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::io::Write;

thread_local! {
    static IS_FALLIBLE: Cell<bool> = const { Cell::new(false) };
}

/// An allocator that ends the program with a sentence where another one has no more memory.
///
/// Limits of a process (`ulimit -v`, containers) are met in the middle of any library, which has no way to say so: Rust aborts, with
/// a trace of its stack.
pub struct Allocator<A>(pub A);

/// Runs something that handles refused allocations itself, such as reading a file that may be too long.
pub fn fallible<T>(call: impl FnOnce() -> T) -> T {
    /// Puts the flag back, also where the call unwinds.
    struct Back(bool);
    impl Drop for Back {
        fn drop(&mut self) {
            IS_FALLIBLE.set(self.0);
        }
    }
    let _back = Back(IS_FALLIBLE.replace(true));
    call()
}

/// Ends the program, unless the caller handles what was refused.
#[cold]
fn refused(bytes: usize) {
    // A thread that is being torn down has no flag any more, and nobody to handle anything.
    if IS_FALLIBLE.try_with(Cell::get).unwrap_or(false) {
        return;
    }
    // Neither formatting a number nor standard error allocates.
    let _ = writeln!(
        std::io::stderr(),
        "error: memory is at its end: the system refused {bytes} bytes more\nhint: allow more of it (`ulimit -v`), or take a smaller \
         network, batch or `--memory`"
    );
    std::process::exit(1);
}

// SAFETY: every call goes to the other allocator unchanged, and what it returns is returned; `refused` either ends the program or returns
// without unwinding, and neither it nor the flag (constant, without a destructor) allocates.
#[expect(unsafe_code, reason = "a global allocator has no safe form")]
unsafe impl<A: GlobalAlloc> GlobalAlloc for Allocator<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        let place = unsafe { self.0.alloc(layout) };
        if place.is_null() {
            refused(layout.size());
        }
        place
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        let place = unsafe { self.0.alloc_zeroed(layout) };
        if place.is_null() {
            refused(layout.size());
        }
        place
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's promise.
        let place = unsafe { self.0.realloc(place, layout, size) };
        if place.is_null() {
            refused(size);
        }
        place
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { self.0.dealloc(place, layout) }
    }
}
