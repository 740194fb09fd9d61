//! Decimal numbers of any length: so many units of ten to the minus `scale`.

use std::cmp::Ordering;
use std::fmt::Write as _;

use num_bigint::{BigInt, Sign};
use num_integer::Integer as _;
use num_traits::{One as _, Pow as _, Signed as _, ToPrimitive as _, Zero as _};

/// Bits of the longest number there may be.
const MAX_BITS: u64 = 64 << 20;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Number {
    pub(super) units: BigInt,
    pub(super) scale: u32,
}

pub(super) fn ten_to(power: u32) -> BigInt {
    BigInt::from(10).pow(power)
}

impl Number {
    pub(super) fn zero() -> Number {
        Number { units: BigInt::zero(), scale: 0 }
    }

    pub(super) fn whole(value: impl Into<BigInt>) -> Number {
        Number { units: value.into(), scale: 0 }
    }

    pub(super) fn truth(value: bool) -> Number {
        Number::whole(u8::from(value))
    }

    pub(super) fn is_zero(&self) -> bool {
        self.units.is_zero()
    }

    /// The units it would have with this scale; digits beyond are cut.
    pub(super) fn at(&self, scale: u32) -> BigInt {
        match scale.cmp(&self.scale) {
            Ordering::Equal => self.units.clone(),
            Ordering::Greater => &self.units * ten_to(scale - self.scale),
            Ordering::Less => &self.units / ten_to(self.scale - scale),
        }
    }

    pub(super) fn cut(&self, scale: u32) -> Number {
        Number { units: self.at(scale), scale }
    }

    /// Without its part, if it is small enough for anything one can count.
    pub(super) fn to_count(&self) -> Option<i64> {
        self.at(0).to_i64()
    }

    pub(super) fn compare(&self, other: &Number) -> Ordering {
        let scale = self.scale.max(other.scale);
        self.at(scale).cmp(&other.at(scale))
    }

    pub(super) fn add(&self, other: &Number) -> Number {
        let scale = self.scale.max(other.scale);
        Number { units: self.at(scale) + other.at(scale), scale }
    }

    pub(super) fn negated(&self) -> Number {
        Number { units: -&self.units, scale: self.scale }
    }

    pub(super) fn multiplied(&self, other: &Number, scale: u32) -> Number {
        let whole = Number { units: &self.units * &other.units, scale: self.scale + other.scale };
        let kept = whole.scale.min(scale.max(self.scale).max(other.scale));
        whole.cut(kept)
    }

    pub(super) fn divided(&self, other: &Number, scale: u32) -> Result<Number, &'static str> {
        if other.is_zero() {
            return Err("Divide by zero");
        }
        let units = &self.units * ten_to(scale + other.scale);
        Ok(Number { units: units / (&other.units * ten_to(self.scale)), scale })
    }

    pub(super) fn rest(&self, other: &Number, scale: u32) -> Result<Number, &'static str> {
        let quotient = self.divided(other, scale)?;
        let wide = self.scale.max(scale + other.scale);
        let product = Number { units: quotient.units * &other.units, scale: scale + other.scale };
        Ok(Number { units: self.at(wide) - product.at(wide), scale: wide })
    }

    pub(super) fn raised(&self, power: &Number, scale: u32) -> Result<Number, &'static str> {
        let power = power.to_count().ok_or("exponent too large in raise")?;
        let times =
            u32::try_from(power.unsigned_abs()).map_err(|_| "exponent too large in raise")?;
        if self.units.bits().saturating_mul(u64::from(times)) > MAX_BITS {
            return Err("number too large");
        }
        let whole = Number {
            units: self.units.clone().pow(times),
            scale: self.scale.checked_mul(times).ok_or("number too large")?,
        };
        if power < 0 {
            return Number::whole(1).divided(&whole, scale);
        }
        let kept = whole.scale.min(scale.max(self.scale));
        Ok(whole.cut(kept))
    }

    pub(super) fn root(&self, scale: u32) -> Result<Number, &'static str> {
        if self.units.is_negative() {
            return Err("Square root of a negative number");
        }
        let scale = scale.max(self.scale);
        Ok(Number { units: self.at(scale * 2).sqrt(), scale })
    }

    /// As it was written, in this base.
    pub(super) fn read(text: &str, base: u32) -> Number {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let value = |digit: char| digit.to_digit(36).unwrap_or(0);
        // One digit alone is itself in any base.
        if part.is_empty() && whole.len() == 1 {
            return Number::whole(whole.chars().map(value).sum::<u32>());
        }
        if base == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
            let units = format!("0{whole}{part}").parse().unwrap_or_default();
            return Number { units, scale: u32::try_from(part.len()).unwrap_or(0) };
        }
        // Digits that are too large for the base count as its largest.
        let within = |digit: char| value(digit).min(base - 1);
        let digits =
            |text: &str| text.chars().fold(BigInt::zero(), |sum, digit| sum * base + within(digit));
        let scale = u32::try_from(part.len()).unwrap_or(0);
        let part_units = digits(part) * ten_to(scale) / BigInt::from(base).pow(scale);
        Number { units: digits(whole) * ten_to(scale) + part_units, scale }
    }

    /// In this base. Digits of bases above sixteen are numbers with a space before each.
    pub(super) fn written(&self, base: u32) -> String {
        let sign = if self.units.sign() == Sign::Minus { "-" } else { "" };
        let unit = ten_to(self.scale);
        let (whole, part) = self.units.abs().div_rem(&unit);
        if base == 10 {
            let places = self.scale as usize;
            let point = if places > 0 { format!(".{part:0>places$}") } else { String::new() };
            let whole = if whole.is_zero() { String::new() } else { whole.to_string() };
            return match (whole.as_str(), self.is_zero()) {
                (_, true) => "0".to_owned(),
                (whole, false) => format!("{sign}{whole}{point}"),
            };
        }
        let mut text = sign.to_owned();
        if base <= 16 {
            if !whole.is_zero() || part.is_zero() {
                text.push_str(&whole.to_str_radix(base).to_uppercase());
            }
        } else {
            let mut digits = Vec::new();
            let mut left = whole;
            while !left.is_zero() || digits.is_empty() {
                let (above, digit) = left.div_rem(&BigInt::from(base));
                digits.push(digit);
                left = above;
            }
            let width = (base - 1).to_string().len();
            digits.reverse();
            text.extend(digits.iter().map(|digit| format!(" {digit:0>width$}")));
        }
        if self.scale > 0 {
            text.push('.');
            let (mut left, mut reached) = (part, BigInt::one());
            while reached < unit {
                let (digit, rest) = (left * base).div_rem(&unit);
                let digit = digit.to_u32().unwrap_or(0);
                if base <= 16 {
                    text.extend(
                        char::from_digit(digit, 16).map(|digit| digit.to_ascii_uppercase()),
                    );
                } else {
                    let width = (base - 1).to_string().len();
                    let gap = if reached.is_one() { "" } else { " " };
                    // Writing to a String cannot fail.
                    let _ = write!(text, "{gap}{digit:0>width$}");
                }
                left = rest;
                reached *= base;
            }
        }
        text
    }

    /// How many digits it has.
    pub(super) fn length(&self) -> usize {
        let digits = self.units.abs().to_string().len();
        digits.max(self.scale as usize).max(1)
    }
}
