//! Big-endian integers at constant offsets of fixed-size arrays: no bounds check is left after optimisation.

/// Reads `N` bytes at `at`; `at + N` must be inside `LEN`, which a constant argument proves at compile time.
#[inline(always)]
fn array_at<const N: usize, const LEN: usize>(bytes: &[u8; LEN], at: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[at..at + N]);
    out
}

macro_rules! array_getters {
    ($($name:ident $ty:ty),*) => {$(
        /// Big-endian integer at a constant offset of an array.
        #[inline(always)]
        pub(crate) fn $name<const LEN: usize>(bytes: &[u8; LEN], at: usize) -> $ty {
            <$ty>::from_be_bytes(array_at(bytes, at))
        }
    )*};
}

macro_rules! slice_getters {
    ($($name:ident $ty:ty),*) => {$(
        /// Big-endian integer at an offset of a slice; `None` where the slice ends before it does.
        #[inline(always)]
        pub(crate) fn $name(bytes: &[u8], at: usize) -> Option<$ty> {
            bytes.get(at..)?.first_chunk().map(|b| <$ty>::from_be_bytes(*b))
        }
    )*};
}

array_getters!(i8_at i8, i16_at i16, i32_at i32, u32_at u32, i64_at i64);
slice_getters!(i32_in i32, i64_in i64);
