//! The memory of an offset map: zeros at first, in pages as large as the system has them.

/// Words of a slot.
pub(super) const WORDS: usize = 3;
const SLOT: usize = WORDS * size_of::<u64>();

/// So many slots of three words each. Nothing of it takes memory before it is written to.
#[derive(Debug)]
pub(super) struct Memory {
    bytes: Bytes,
    slots: usize,
}

#[derive(Debug)]
enum Bytes {
    /// Of its own, in large pages: look-ups go all over the map, and with pages of 4 KiB the processor would spend more
    /// time on finding them than on reading what is there.
    Mapped(memmap2::MmapMut),
    Heap(Vec<u8>),
}

impl Memory {
    pub(super) fn new(slots: usize) -> Self {
        Memory { bytes: Bytes::new(slots * SLOT), slots }
    }

    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.slots
    }

    #[inline(always)]
    pub(super) fn slots(&self) -> &[[u8; SLOT]] {
        let bytes: &[u8] = match &self.bytes {
            Bytes::Mapped(map) => map,
            Bytes::Heap(bytes) => bytes,
        };
        bytes.as_chunks().0
    }

    #[inline(always)]
    pub(super) fn slots_mut(&mut self) -> &mut [[u8; SLOT]] {
        let bytes: &mut [u8] = match &mut self.bytes {
            Bytes::Mapped(map) => map,
            Bytes::Heap(bytes) => bytes,
        };
        bytes.as_chunks_mut().0
    }
}

impl Bytes {
    fn new(len: usize) -> Self {
        if len > 0
            && let Ok(map) = memmap2::MmapMut::map_anon(len)
        {
            // Where the system has no such pages, all is slower and otherwise the same.
            #[cfg(target_os = "linux")]
            let _ = map.advise(memmap2::Advice::HugePage);
            return Bytes::Mapped(map);
        }
        Bytes::Heap(vec![0; len])
    }
}

/// The words of a slot.
#[inline(always)]
pub(super) fn words(slot: &[u8; SLOT]) -> [u64; WORDS] {
    let (words, _) = slot.as_chunks();
    [u64::from_ne_bytes(words[0]), u64::from_ne_bytes(words[1]), u64::from_ne_bytes(words[2])]
}

/// The bytes of a slot.
#[inline(always)]
pub(super) fn bytes(words: [u64; WORDS]) -> [u8; SLOT] {
    let mut slot = [0; SLOT];
    let (bytes, _) = slot.as_chunks_mut();
    bytes[0] = words[0].to_ne_bytes();
    bytes[1] = words[1].to_ne_bytes();
    bytes[2] = words[2].to_ne_bytes();
    slot
}
