//! The event queue: a total order of all that is due.

use crate::time::Time;

/// Who comes first at one instant (design: section 3, "Time").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Class {
    /// Timed faults, in the order of the file.
    Fault,
    /// What applications do at that time, streams in the order of the file.
    Application,
    /// Deliveries and timers of brokers, controller, network and consumers, in the order in which they were scheduled.
    System,
    /// The clients' sender threads whose poll ends now, in the order of the file.
    Sender,
}

/// When something is due, and its place among what is due at that instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Order {
    /// The instant.
    pub time: Time,
    place: u64,
}

const CLASS_SHIFT: u32 = 62;

impl Order {
    /// The place of a fault, an application's stream or a sender: by its place in the file.
    pub fn fixed(time: Time, class: Class, at: u32) -> Order {
        Order { time, place: (class as u64) << CLASS_SHIFT | u64::from(at) }
    }
}

/// What is due, earliest first. A heap of four children a node: shallow, and its siblings share a cache line.
#[derive(Clone, Debug)]
pub struct Queue<E> {
    heap: Vec<(Order, E)>,
    scheduled: u64,
}

impl<E> Default for Queue<E> {
    fn default() -> Self {
        Queue { heap: Vec::new(), scheduled: 0 }
    }
}

const CHILDREN: usize = 4;

impl<E: Copy> Queue<E> {
    /// Schedules a fault, an application's stream or a sender: at one instant, by its place in the file.
    pub fn push_fixed(&mut self, time: Time, class: Class, at: u32, event: E) {
        self.push(Order::fixed(time, class, at), event);
    }

    /// Schedules a delivery or a timer: at one instant, in the order of these calls.
    pub fn push_system(&mut self, time: Time, event: E) {
        let place = (Class::System as u64) << CLASS_SHIFT | self.scheduled;
        self.scheduled += 1;
        self.push(Order { time, place }, event);
    }

    /// When the next event is due, and its place.
    #[inline]
    pub fn peek(&self) -> Option<Order> {
        self.heap.first().map(|(order, _)| *order)
    }

    /// The next event.
    pub fn pop(&mut self) -> Option<(Time, E)> {
        let last = self.heap.pop()?;
        let Some(first) = self.heap.first_mut() else { return Some((last.0.time, last.1)) };
        let next = std::mem::replace(first, last);
        self.sink(0);
        Some((next.0.time, next.1))
    }

    /// How many events are due.
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// Whether nothing is due.
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    fn push(&mut self, order: Order, event: E) {
        self.heap.push((order, event));
        let mut at = self.heap.len() - 1;
        while at > 0 {
            let parent = (at - 1) / CHILDREN;
            if self.heap[parent].0 <= order {
                break;
            }
            self.heap[at] = self.heap[parent];
            at = parent;
        }
        self.heap[at] = (order, event);
    }

    fn sink(&mut self, mut at: usize) {
        let item = self.heap[at];
        loop {
            let first = at * CHILDREN + 1;
            if first >= self.heap.len() {
                break;
            }
            let end = (first + CHILDREN).min(self.heap.len());
            let mut least = first;
            for child in first + 1..end {
                if self.heap[child].0 < self.heap[least].0 {
                    least = child;
                }
            }
            if item.0 <= self.heap[least].0 {
                break;
            }
            self.heap[at] = self.heap[least];
            at = least;
        }
        self.heap[at] = item;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_order_one_instant() {
        let mut queue = Queue::default();
        let t = Time::from_millis(5);
        queue.push_fixed(t, Class::Sender, 0, "sender 0");
        queue.push_system(t, "delivery 1");
        queue.push_fixed(t, Class::Application, 1, "stream 1");
        queue.push_system(t, "delivery 2");
        queue.push_fixed(t, Class::Application, 0, "stream 0");
        queue.push_fixed(t, Class::Fault, 3, "fault 3");
        queue.push_system(Time::from_millis(4), "earlier");
        let order: Vec<_> = std::iter::from_fn(|| queue.pop()).map(|(_, event)| event).collect();
        assert_eq!(
            order,
            ["earlier", "fault 3", "stream 0", "stream 1", "delivery 1", "delivery 2", "sender 0"]
        );
    }

    #[test]
    fn thousands_come_out_sorted() {
        let mut queue = Queue::default();
        let mut x = 1u64;
        for _ in 0..5_000 {
            x = x.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            queue.push_system(Time::from_nanos(x >> 50), x);
        }
        let times: Vec<Time> = std::iter::from_fn(|| queue.pop()).map(|(time, _)| time).collect();
        assert_eq!(times.len(), 5_000);
        assert!(times.is_sorted());
    }
}
