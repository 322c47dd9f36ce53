//! Numbers as Java 17 writes them (`Double.toString`, before JDK-4511638 made it shortest in Java 19).
//!
//! Digits are produced one by one until the rest is within half a unit in the last place of the double, but at least
//! two in exponent form. Some numbers come out longer than they need be: 2e23 is `1.9999999999999998E23`.

use std::cmp::Ordering;

/// Appends `value` as `Double.toString` writes it: `1.0`, `1.2345E-10`, `NaN`, `-Infinity`.
pub(super) fn push_java_double(out: &mut Vec<u8>, value: f64) {
    if value.is_nan() {
        return out.extend_from_slice(b"NaN");
    }
    if value.is_sign_negative() {
        out.push(b'-');
    }
    if value.is_infinite() {
        return out.extend_from_slice(b"Infinity");
    }
    if value == 0.0 {
        return out.extend_from_slice(b"0.0");
    }
    let (digits, point) = digits(value.abs());
    push_digits(out, &digits, point);
}

/// Writes `0.digits × 10^point`.
fn push_digits(out: &mut Vec<u8>, digits: &[u8], point: i32) {
    let (whole, fraction) = digits.split_at(digits.len().min(match point {
        1..8 => point as usize,
        -2..=0 => 0,
        _ => 1,
    }));
    out.extend_from_slice(whole);
    match point {
        1..8 => out.extend(std::iter::repeat_n(b'0', point as usize - whole.len())),
        -2..=0 => out.push(b'0'),
        _ => {}
    }
    out.push(b'.');
    if (-2..=0).contains(&point) {
        out.extend(std::iter::repeat_n(b'0', -point as usize));
    }
    out.extend_from_slice(if fraction.is_empty() { b"0" } else { fraction });
    if !(-2..8).contains(&point) {
        out.push(b'E');
        out.extend_from_slice((point - 1).to_string().as_bytes());
    }
}

/// The digits of a positive finite number, as ASCII, and the place of the decimal point relative to the first.
fn digits(value: f64) -> (Vec<u8>, i32) {
    let bits = value.to_bits();
    let (fraction, biased) = (bits & ((1 << 52) - 1), (bits >> 52) as i32);
    // As value = mantissa × 2^exponent, and 2^(top bit) <= value.
    let (mantissa, exponent) = if biased == 0 { (fraction, -1074) } else { (fraction | 1 << 52, biased - 1075) };
    let significant = 64 - mantissa.leading_zeros() as i32;
    let top = exponent + significant - 1;
    let odd = mantissa >> mantissa.trailing_zeros();
    let odd_bits = 64 - odd.leading_zeros() as i32;
    let fraction_bits = (odd_bits - top - 1).max(0);
    if fraction_bits == 0 && (-21..=62).contains(&top) {
        return long_digits(odd << (top + 1 - odd_bits), top - significant - 1);
    }

    // Value = b / s × 10^decimal; m is half a unit in the last place on that scale, a quarter for powers of two.
    let decimal = estimate(mantissa << (53 - significant), top);
    let (b5, s5) = ((-decimal).max(0), decimal.max(0));
    let mut b2 = b5 + fraction_bits + top;
    let mut s2 = s5 + fraction_bits;
    let mut m2 = b2 - significant;
    b2 -= odd_bits - 1;
    let common = b2.min(s2);
    (b2, s2, m2) = (b2 - common, s2 - common, m2 - common - i32::from(odd_bits == 1));
    let lift = (-m2).max(0);
    (b2, s2, m2) = (b2 + lift, s2 + lift, m2 + lift);

    // Where Java has room in 64 bits it stops at "more than", else at "as much as".
    let short = odd_bits + b2 + bits_of_5_pow(b5) < 64 && s2 + 1 + bits_of_5_pow(s5 + 1) < 64;
    let s = Big::scaled(1, s5, s2);
    let tens = s.times(10);
    let m = Big::scaled(1, b5, m2);
    generate(Big::scaled(odd, b5, b2), &s, &tens, m, decimal, short)
}

/// Writes `b / s` digit by digit until the rest is within `m`; `tens` is ten times `s`.
fn generate(mut b: Big, s: &Big, tens: &Big, mut m: Big, mut decimal: i32, short: bool) -> (Vec<u8>, i32) {
    let enough = if short { Ordering::Greater } else { Ordering::Equal };
    let mut next = || {
        let digit = b.divide(s);
        b = b.times(10);
        m = m.times(10);
        let half = b.times(2).compare(tens);
        (b'0' + digit, b.compare(&m) == Ordering::Less, b.plus(&m).compare(tens) >= enough, half)
    };
    let mut digits = Vec::with_capacity(20);
    let (digit, mut low, mut high, mut half) = next();
    if digit == b'0' && !high {
        decimal -= 1;
    } else {
        digits.push(digit);
    }
    if !(-3..8).contains(&decimal) {
        (low, high) = (false, false);
    }
    while !low && !high {
        let digit;
        (digit, low, high, half) = next();
        digits.push(digit);
    }
    let odd = digits.last().is_some_and(|digit| digit & 1 != 0);
    let up = high && (!low || half == Ordering::Greater || half == Ordering::Equal && odd);
    let carried = up && round_up(&mut digits);
    (digits, decimal + 1 + i32::from(carried))
}

/// Adds one to the last digit; true if the number got one place longer, which leaves a 1 and zeros.
fn round_up(digits: &mut [u8]) -> bool {
    for digit in digits.iter_mut().rev() {
        if *digit != b'9' {
            *digit += 1;
            return false;
        }
        *digit = b'0';
    }
    if let Some(first) = digits.first_mut() {
        *first = b'1';
    }
    true
}

/// Digits of an integer, of which those below 2^`insignificant` carry nothing.
fn long_digits(value: u64, insignificant: i32) -> (Vec<u8>, i32) {
    let dropped = if insignificant > 1 { (f64::from(insignificant) * std::f64::consts::LOG10_2) as u32 } else { 0 };
    let unit = 10u64.pow(dropped);
    let rounded = if dropped == 0 { value } else { value / unit + u64::from(value % unit >= unit / 2) };
    let mut digits = rounded.to_string().into_bytes();
    let point = digits.len() as i32 + dropped as i32;
    let kept = digits.iter().rposition(|&digit| digit != b'0').map_or(1, |last| last + 1);
    digits.truncate(kept);
    (digits, point)
}

/// The decimal exponent, or one more; `mantissa` has its top bit at 52.
#[expect(clippy::approx_constant, reason = "the estimate must be Java's, with its digits of log10(2)")]
fn estimate(mantissa: u64, top: i32) -> i32 {
    let one_to_two = f64::from_bits(mantissa & ((1 << 52) - 1) | 1023 << 52);
    ((one_to_two - 1.5) * 0.289529654 + 0.176091259 + f64::from(top) * 0.301029995663981).floor() as i32
}

/// Bits of a power of five, as Java's table has them: exact up to 26, then three for each.
fn bits_of_5_pow(power: i32) -> i32 {
    match power {
        0 => 0,
        1..27 => 64 - 5u64.pow(power as u32).leading_zeros() as i32,
        _ => power * 3,
    }
}

/// A natural number of any size: 32 bits to a limb, least significant first, no zeros at the top.
struct Big(Vec<u32>);

impl Big {
    /// `value × 5^fives × 2^twos`.
    fn scaled(value: u64, fives: i32, twos: i32) -> Big {
        let mut limbs = vec![0; twos as usize / 32];
        let low = u128::from(value) << (twos % 32);
        limbs.extend([low as u32, (low >> 32) as u32, (low >> 64) as u32]);
        (0..fives).fold(Big(limbs), |big, _| big.times(5)).trimmed()
    }

    fn trimmed(mut self) -> Big {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
        self
    }

    fn times(&self, factor: u32) -> Big {
        let mut limbs = Vec::with_capacity(self.0.len() + 1);
        let mut carry = 0u64;
        for &limb in &self.0 {
            carry += u64::from(limb) * u64::from(factor);
            limbs.push(carry as u32);
            carry >>= 32;
        }
        limbs.push(carry as u32);
        Big(limbs).trimmed()
    }

    fn plus(&self, other: &Big) -> Big {
        let limb = |big: &Big, i: usize| u64::from(big.0.get(i).copied().unwrap_or_default());
        let mut carry = 0;
        let sum = (0..=self.0.len().max(other.0.len())).map(|i| {
            carry += limb(self, i) + limb(other, i);
            let low = carry as u32;
            carry >>= 32;
            low
        });
        Big(sum.collect()).trimmed()
    }

    fn compare(&self, other: &Big) -> Ordering {
        let length = self.0.len().cmp(&other.0.len());
        length.then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }

    /// Leaves the remainder; the quotient is one digit.
    fn divide(&mut self, by: &Big) -> u8 {
        let mut quotient = 0;
        while self.compare(by) != Ordering::Less {
            let mut borrow = 0;
            for (i, limb) in self.0.iter_mut().enumerate() {
                let taken = i64::from(*limb) - i64::from(by.0.get(i).copied().unwrap_or_default()) - borrow;
                *limb = taken as u32;
                borrow = i64::from(taken < 0);
            }
            while self.0.last() == Some(&0) {
                self.0.pop();
            }
            quotient += 1;
        }
        quotient
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected texts printed by Java 17.
    #[test]
    fn doubles_are_written_like_java_17_does() {
        let cases = [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (-100.0, "-100.0"),
            (0.1, "0.1"),
            (0.001, "0.001"),
            (1e7, "1.0E7"),
            (12345.678, "12345.678"),
            (9007199254740993.0, "9.007199254740992E15"),
            (1e21, "1.0E21"),
            (2e23, "1.9999999999999998E23"),
            (1e23, "9.999999999999999E22"),
            (0.002, "0.002"),
            (2.5e-10, "2.5E-10"),
            (f64::MAX, "1.7976931348623157E308"),
            (5e-324, "4.9E-324"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ];
        for (value, text) in cases {
            let mut out = Vec::new();
            push_java_double(&mut out, value);
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
    }
}
