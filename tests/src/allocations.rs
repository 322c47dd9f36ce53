//! Counting heap allocations. A test binary that wants it says
//! `#[global_allocator] static COUNTING: Counting = Counting;`. Where it asks for all threads or for what is held, it holds
//! one test only: those figures are the process's.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

thread_local! {
    /// Each thread's own: what runs the tests allocates on its thread while a test begins on another.
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

static COUNT_OF_ALL: AtomicUsize = AtomicUsize::new(0);
static HELD: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator with a counter of allocations, grown and moved ones among them.
pub struct Counting;

#[expect(unsafe_code, reason = "the trait is unsafe; every call is handed to the system's allocator as it is")]
// SAFETY: all contracts are those of `System`, which does the work.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count_one();
        HELD.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `dealloc`, and `at` came from `System`.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count_one();
        HELD.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count_one();
        HELD.fetch_add(size, Ordering::Relaxed);
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `realloc`, and `at` came from `System`.
        unsafe { System.realloc(at, layout, size) }
    }
}

/// The thread's count is a constant without a destructor: nothing is allocated for it, and it is there as long as its
/// thread.
fn count_one() {
    COUNT.with(|count| count.set(count.get() + 1));
    COUNT_OF_ALL.fetch_add(1, Ordering::Relaxed);
}

/// Allocations of this thread while `work` runs, and what it gives.
pub fn allocations<T>(work: impl FnOnce() -> T) -> (usize, T) {
    let before = COUNT.get();
    let done = work();
    (COUNT.get() - before, done)
}

/// Allocations of all threads while `work` runs, and what it gives.
pub fn allocations_of_all_threads<T>(work: impl FnOnce() -> T) -> (usize, T) {
    let before = COUNT_OF_ALL.load(Ordering::Relaxed);
    let done = work();
    (COUNT_OF_ALL.load(Ordering::Relaxed) - before, done)
}

/// Bytes that are allocated now.
pub fn held() -> usize {
    HELD.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[global_allocator]
    static COUNTING: Counting = Counting;

    #[test]
    fn what_is_allocated_cleared_grown_and_freed_is_counted() {
        let before = held();
        let (of_all, (count, (grown, cleared))) = allocations_of_all_threads(|| {
            allocations(|| {
                let mut grown = Vec::with_capacity(1000);
                grown.extend(0..1000u64);
                grown.reserve_exact(100_000);
                (grown, vec![0u8; 100_000])
            })
        });
        assert_eq!(count, 3);
        assert!(of_all >= count, "{of_all}");
        // Other tests may allocate meanwhile, and free what they had.
        assert!(held() + 50_000 > before + 800_000, "{before} bytes were held, and now {}", held());
        assert!(grown.iter().copied().eq(0..1000) && cleared.iter().all(|byte| *byte == 0));
    }
}
