//! Text that is the same in most lines of a run.

/// A piece of a line, kept as it was written last: as long as its fields stay the same it is copied, not formatted.
pub(super) struct Repeated<F> {
    fields: Option<F>,
    text: Vec<u8>,
}

impl<F> Default for Repeated<F> {
    fn default() -> Self {
        Repeated { fields: None, text: Vec::new() }
    }
}

impl<F: PartialEq> Repeated<F> {
    /// Appends the text of `fields`, which `format` gives.
    #[inline(always)]
    pub(super) fn write(&mut self, out: &mut Vec<u8>, fields: F, format: impl FnOnce(&mut Vec<u8>, &F)) {
        if self.fields.as_ref() != Some(&fields) {
            self.text.clear();
            format(&mut self.text, &fields);
            self.fields = Some(fields);
        }
        out.extend_from_slice(&self.text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_formatted_anew_only_when_a_field_has_changed() {
        let mut piece = Repeated::default();
        let (mut out, mut formatted) = (Vec::new(), 0);
        for fields in [(1, 'a'), (1, 'a'), (2, 'a'), (2, 'b'), (2, 'b'), (1, 'a')] {
            piece.write(&mut out, fields, |text, (number, letter)| {
                formatted += 1;
                text.extend_from_slice(format!("{number}{letter} ").as_bytes());
            });
        }
        assert_eq!((out.as_slice(), formatted), (b"1a 1a 2a 2b 2b 1a ".as_slice(), 4));
    }
}
