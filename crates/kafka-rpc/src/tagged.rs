//! Tagged fields that a definition does not have (`RawTaggedField`).

/// A tag and its content.
type Field = (u32, Box<[u8]>);

/// Tagged fields that the definition of a structure does not have: kept, and written again.
///
/// They are rare, so that a structure without any holds one word for them.
#[expect(clippy::box_collection, reason = "a vector takes three words")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnknownTaggedFields(Option<Box<Vec<Field>>>);

impl UnknownTaggedFields {
    /// Memory for a field besides its content.
    pub(crate) const FIELD_LEN: usize = size_of::<Field>();

    /// Adds a field after those with the same tag or a lower one.
    pub fn push(&mut self, tag: u32, content: &[u8]) {
        let fields = self.0.get_or_insert_default();
        let at = fields.partition_point(|(other, _)| *other <= tag);
        fields.insert(at, (tag, content.into()));
    }

    /// The fields, by tag.
    pub fn iter(&self) -> std::slice::Iter<'_, Field> {
        self.0.as_ref().map_or([].iter(), |fields| fields.iter())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.iter().as_slice().is_empty()
    }
}
