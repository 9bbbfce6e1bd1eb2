//! An allocator that counts what lives: shared by the benchmark of large networks and the tests of memory.

use std::alloc::{GlobalAlloc, Layout};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Passes everything on to another allocator and counts.
pub(crate) struct Counting<A>(pub A);

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
static COUNT: AtomicU64 = AtomicU64::new(0);

#[expect(unsafe_code, reason = "an allocator is an unsafe trait; this one passes everything on and counts")]
// SAFETY: every call goes to the inner allocator with the same arguments, and its contract is the caller's.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Counting<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        let live = LIVE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(live, Ordering::Relaxed);
        unsafe { self.0.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { self.0.dealloc(pointer, layout) }
    }
}

/// Allocations since the start.
#[allow(dead_code, reason = "of the files that share this one, the peers' benchmark counts")]
pub(crate) fn count() -> u64 {
    COUNT.load(Ordering::Relaxed)
}

/// What `make` returns, the bytes that live with it, and the most that lived at a time on the way.
#[allow(dead_code, reason = "of the files that share this one, the peers' benchmark does not ask")]
pub(crate) fn measured<T>(make: impl FnOnce() -> T) -> (T, usize, usize) {
    let before = LIVE.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let made = make();
    let since = |count: &AtomicUsize| count.load(Ordering::Relaxed).saturating_sub(before);
    (made, since(&LIVE), since(&PEAK))
}
