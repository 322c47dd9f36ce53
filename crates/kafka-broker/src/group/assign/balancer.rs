//! Who of the subscribers of a topic has most, and who has least (`MemberAssignmentBalancer`).
//!
//! Members are given out range by range: all that have as few as the least, then all of these again with one more, and the
//! other way round from the most.

/// Members by the number of partitions that they are to have.
#[derive(Debug, Default)]
pub(super) struct Balancer {
    sorted: Vec<usize>,
    least_end: usize,
    least_count: isize,
    next_least: usize,
    most_start: usize,
    most_end: usize,
    most_count: isize,
    /// One more than the place of the next; 0 where there is none.
    next_most: usize,
}

fn size(sizes: &[usize], member: usize) -> isize {
    isize::try_from(sizes[member]).unwrap_or(isize::MAX)
}

impl Balancer {
    /// Takes the subscribers of a topic; gives the difference between the most and the least.
    pub(super) fn start(&mut self, subscribers: &[usize], sizes: &[usize]) -> isize {
        self.sorted.clear();
        self.sorted.extend(subscribers);
        self.sorted.sort_by_key(|member| (sizes[*member], *member));
        let least = self.sorted.first().map_or(0, |member| size(sizes, *member));
        let most = self.sorted.last().map_or(0, |member| size(sizes, *member));
        self.least_end = 0;
        self.least_count = least - 1;
        self.next_least = 0;
        self.most_start = self.sorted.len();
        self.most_end = self.sorted.len();
        self.most_count = most + 1;
        self.next_most = self.sorted.len();
        most - least
    }

    /// The next of those that have least, which gets one more.
    pub(super) fn next_least_loaded(&mut self, sizes: &[usize]) -> usize {
        if self.next_least >= self.least_end {
            self.least_count += 1;
            let is_in = |member: &usize| size(sizes, *member) == self.least_count;
            self.least_end += self.sorted.iter().skip(self.least_end).take_while(|member| is_in(member)).count();
            self.next_least = 0;
        }
        self.next_least += 1;
        self.sorted[self.next_least - 1]
    }

    /// The next of those that have most, from which one is taken.
    pub(super) fn next_most_loaded(&mut self, sizes: &[usize]) -> Option<usize> {
        if self.next_most < self.most_start + 1 {
            if self.most_end <= self.most_start && self.most_start > 0 {
                self.most_count = size(sizes, self.sorted[self.most_start - 1]);
            } else {
                self.most_count -= 1;
            }
            let before = self.sorted.iter().take(self.most_start).rev();
            self.most_start -= before.take_while(|member| size(sizes, **member) == self.most_count).count();
            self.next_most = self.most_end;
        }
        self.next_most = self.next_most.checked_sub(1)?;
        self.sorted.get(self.next_most).copied()
    }

    /// Leaves out the member that [`Balancer::next_most_loaded`] gave: it has no partition of the topic.
    pub(super) fn exclude_most_loaded(&mut self) {
        if let Some(last) = self.most_end.checked_sub(1).filter(|last| *last < self.sorted.len()) {
            self.sorted.swap(self.next_most, last);
            self.most_end = last;
        }
    }

    pub(super) fn is_balanced(&self) -> bool {
        self.most_count - self.least_count <= 1
    }
}
