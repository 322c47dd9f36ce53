//! Fields at fixed places.

/// The `N` bytes at `AT`. That they lie inside of the `LEN` bytes is proved when the call is compiled.
pub(super) fn array_at<const AT: usize, const N: usize, const LEN: usize>(bytes: &[u8; LEN]) -> [u8; N] {
    const { assert!(AT + N <= LEN) };
    std::array::from_fn(|i| bytes[AT + i])
}
