//! Record batches in messages, and messages in parts around them.

/// Record batches in a message: bytes that the codec neither reads nor copies (`BaseRecords`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Records<'a> {
    /// The bytes. Decoding gives these, as part of what was decoded.
    Bytes(&'a [u8]),
    /// Bytes that are elsewhere, such as a part of a segment file for `sendfile`: the encoder writes `len` alone.
    File {
        /// Tells the caller which bytes they are.
        token: usize,
        /// Number of bytes.
        len: usize,
    },
}

impl Default for Records<'_> {
    fn default() -> Self {
        Records::Bytes(&[])
    }
}

impl<'a> From<&'a [u8]> for Records<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Records::Bytes(bytes)
    }
}

impl<'a> Records<'a> {
    /// Number of bytes.
    pub fn len(&self) -> usize {
        match self {
            Records::Bytes(bytes) => bytes.len(),
            Records::File { len, .. } => *len,
        }
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes, if they are at hand.
    pub fn bytes(&self) -> Option<&'a [u8]> {
        match self {
            Records::Bytes(bytes) => Some(bytes),
            Records::File { .. } => None,
        }
    }
}

/// An encoded message, with the records left out: what is sent is [`Parts::iter`], one part after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts<'a> {
    /// All bytes except those of records.
    pub(crate) bytes: Vec<u8>,
    /// Records, each with its place in `bytes`, in their order.
    pub(crate) records: Vec<(usize, Records<'a>)>,
}

/// A part of [`Parts`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part<'p, 'a> {
    /// Bytes that the encoder wrote.
    Encoded(&'p [u8]),
    /// Records as the message had them.
    Records(&'p Records<'a>),
}

impl<'a> Parts<'a> {
    /// No parts yet; encoded bytes go to `buffer`, whose content is dropped.
    pub fn with_buffer(mut buffer: Vec<u8>) -> Self {
        buffer.clear();
        Parts { bytes: buffer, records: Vec::new() }
    }

    /// The buffer of encoded bytes, for the next message.
    pub fn into_buffer(self) -> Vec<u8> {
        self.bytes
    }

    /// Number of bytes, records included.
    pub fn len(&self) -> usize {
        self.bytes.len() + self.records.iter().map(|(_, records)| records.len()).sum::<usize>()
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The parts in the order in which they are sent. None is empty.
    pub fn iter(&self) -> impl Iterator<Item = Part<'_, 'a>> {
        let starts = std::iter::once(0).chain(self.records.iter().map(|(at, _)| *at));
        let ends = self.records.iter().map(|(at, records)| (*at, Some(records))).chain([(self.bytes.len(), None)]);
        starts.zip(ends).flat_map(|(start, (end, records))| {
            let encoded = self.bytes.get(start..end).filter(|bytes| !bytes.is_empty());
            encoded.map(Part::Encoded).into_iter().chain(records.map(Part::Records))
        })
    }

    /// All bytes in one buffer; `None` where some records are in a file.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        let mut out = Vec::with_capacity(self.len());
        for part in self.iter() {
            out.extend_from_slice(match part {
                Part::Encoded(bytes) => bytes,
                Part::Records(records) => records.bytes()?,
            });
        }
        Some(out)
    }
}
