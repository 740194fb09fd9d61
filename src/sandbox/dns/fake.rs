//! Addresses that stand for names.

use std::collections::HashMap;
use std::net::Ipv4Addr;

/// How many names a child may ask for; also how many addresses a block has.
const MOST: usize = 4096;
const BLOCK: u32 = 4096;

/// Blocks to choose from: 198.18.0.0/15, for tests of networks, and 240.0.0.0/12, which nobody has.
const FIRST: [(Ipv4Addr, u32); 2] =
    [(Ipv4Addr::new(198, 18, 0, 0), 32), (Ipv4Addr::new(240, 0, 0, 0), 256)];

/// A range of addresses, both ends included.
pub(crate) type Range = (Ipv4Addr, Ipv4Addr);

/// The names that were given addresses.
#[derive(Debug)]
pub(super) struct Fakes {
    start: u32,
    names: Vec<String>,
    known: HashMap<String, u32>,
}

impl Fakes {
    /// None yet, in a block outside of all the ranges. Where they leave none, the last one: an address
    /// that was given stands for its name all the same.
    pub(super) fn apart_from(ranges: &[Range]) -> Fakes {
        let blocks = FIRST.iter().flat_map(|(start, count)| {
            (0..*count).map(move |number| u32::from(*start) + number * BLOCK)
        });
        let free = |start: &u32| {
            ranges.iter().all(|(first, last)| {
                u32::from(*last) < *start || u32::from(*first) > start + (BLOCK - 1)
            })
        };
        let start = blocks.clone().find(free).or_else(|| blocks.last()).unwrap_or_default();
        Fakes { start, names: Vec::new(), known: HashMap::new() }
    }

    /// The name's address. `None` when there are too many names.
    pub(super) fn address_for(&mut self, name: &str) -> Option<Ipv4Addr> {
        if let Some(address) = self.known.get(name) {
            return Some(Ipv4Addr::from(*address));
        }
        // The first and the last of a block look like a network's own.
        let number = u32::try_from(self.names.len() + 1).ok()?;
        if self.names.len() + 2 >= MOST {
            return None;
        }
        let address = self.start + number;
        self.names.push(name.to_owned());
        self.known.insert(name.to_owned(), address);
        Some(Ipv4Addr::from(address))
    }

    /// The name that was given an address.
    pub(super) fn name_of(&self, address: Ipv4Addr) -> Option<String> {
        let number = u32::from(address).checked_sub(self.start)?.checked_sub(1)?;
        self.names.get(usize::try_from(number).ok()?).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(first: [u8; 4], last: [u8; 4]) -> Range {
        (first.into(), last.into())
    }

    #[test]
    fn a_name_keeps_its_address_and_an_address_its_name() {
        let mut fakes = Fakes::apart_from(&[]);
        let one = fakes.address_for("one.test").unwrap();
        let two = fakes.address_for("two.test").unwrap();
        assert_eq!(one, Ipv4Addr::new(198, 18, 0, 1));
        assert_eq!(fakes.address_for("one.test"), Some(one));
        assert_eq!(fakes.name_of(two).as_deref(), Some("two.test"));
        for address in [[198, 18, 0, 0], [198, 18, 0, 3], [198, 17, 255, 255], [0, 0, 0, 0]] {
            assert_eq!(fakes.name_of(address.into()), None);
        }
    }

    #[test]
    fn names_are_bounded() {
        let mut fakes = Fakes::apart_from(&[]);
        let given = (0..5000).filter_map(|n| fakes.address_for(&format!("{n}.test"))).count();
        assert_eq!(given, MOST - 2);
        assert!(fakes.address_for("4999.test").is_none());
        assert!(fakes.address_for("7.test").is_some());
    }

    #[test]
    fn the_block_is_none_of_the_rules() {
        let cases = [
            (vec![range([198, 18, 0, 7], [198, 18, 0, 7])], [198, 18, 16, 0]),
            (vec![range([198, 18, 0, 0], [198, 18, 255, 255])], [198, 19, 0, 0]),
            (vec![range([198, 18, 0, 0], [198, 19, 255, 255])], [240, 0, 0, 0]),
            (vec![range([0, 0, 0, 0], [255, 255, 255, 255])], [240, 15, 240, 0]),
        ];
        for (ranges, start) in cases {
            assert_eq!(Fakes::apart_from(&ranges).start, u32::from(Ipv4Addr::from(start)));
        }
    }
}
