//! A table as Kafka's tools print it (`ToolsUtils.prettyPrintTable`).

use std::io;

use crate::terminal::Terminal;

/// Prints a head and rows, each cell as wide as its column, followed by a tab.
pub(crate) fn print<const N: usize>(
    head: [&str; N],
    rows: &[[String; N]],
    terminal: &mut Terminal<'_>,
) -> io::Result<()> {
    let mut widths = head.map(str::len);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: &[&str]| {
        let cells = cells.iter().zip(widths);
        cells.map(|(cell, width)| format!("{cell:<width$}\t")).collect::<String>()
    };
    terminal.line(line(&head))?;
    rows.iter().try_for_each(|row| terminal.line(line(&row.each_ref().map(String::as_str))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let rows = [["a".to_owned(), "long".to_owned()]];
        print(["Id", "B"], &rows, &mut Terminal::new(&mut out, &mut err)).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "Id\tB   \t\na \tlong\t\n");
    }
}
