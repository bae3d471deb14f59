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

/// When something is due, and its place among what is due at that instant: one number, so that two are compared in one
/// step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Order(u128);

const CLASS_SHIFT: u32 = 62;

impl Order {
    #[inline]
    fn new(time: Time, place: u64) -> Order {
        Order(u128::from(time.nanos()) << 64 | u128::from(place))
    }

    /// The place of a fault, an application's stream or a sender: by its place in the file.
    #[inline]
    pub fn fixed(time: Time, class: Class, at: u32) -> Order {
        Order::new(time, (class as u64) << CLASS_SHIFT | u64::from(at))
    }

    /// The instant.
    #[inline]
    pub fn time(self) -> Time {
        Time::from_nanos((self.0 >> 64) as u64)
    }
}

/// What is due, earliest first. A heap of four children a node: shallow, and its siblings share a cache line.
///
/// What is taken leaves its place at the top open until the next call: an event mostly causes another one soon, which then
/// sinks from the top, and nearly always not far.
#[derive(Clone, Debug)]
pub struct Queue<E> {
    heap: Vec<(Order, E)>,
    /// Whether the first of the heap has been taken already.
    open: bool,
    scheduled: u64,
    /// The instant of what was taken last.
    now: Time,
}

impl<E> Default for Queue<E> {
    fn default() -> Self {
        Queue { heap: Vec::new(), open: false, scheduled: 0, now: Time::ZERO }
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
        self.push(Order::new(time, place), event);
    }

    /// When the next event is due, and its place.
    #[inline]
    pub fn peek(&self) -> Option<Order> {
        if self.open {
            return self.least_child(0).map(|(_, order)| order);
        }
        self.heap.first().map(|(order, _)| *order)
    }

    /// The next event.
    pub fn pop(&mut self) -> Option<(Time, E)> {
        self.pop_by(Time::NEVER)
    }

    /// The next event, if it is due by then.
    #[inline]
    pub fn pop_by(&mut self, latest: Time) -> Option<(Time, E)> {
        if self.open {
            self.close();
        }
        let &(order, event) = self.heap.first().filter(|(order, _)| order.time() <= latest)?;
        self.open = true;
        self.now = order.time();
        Some((order.time(), event))
    }

    /// How many events are due.
    pub fn len(&self) -> usize {
        self.heap.len() - usize::from(self.open)
    }

    /// Whether nothing is due.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn push(&mut self, order: Order, event: E) {
        debug_assert!(
            order.time() >= self.now,
            "due at {:?}, and it is {:?} already",
            order.time(),
            self.now
        );
        if std::mem::take(&mut self.open) {
            return self.sink((order, event));
        }
        self.heap.push((order, event));
        self.rise(self.heap.len() - 1, (order, event));
    }

    /// Fills the open place at the top, as nothing new has come: the least child moves up, level by level, and the last of
    /// the heap, which nearly always belongs far down, rises from the bottom.
    fn close(&mut self) {
        self.open = false;
        let Some(last) = self.heap.pop() else { return };
        if self.heap.is_empty() {
            return;
        }
        let mut at = 0;
        while let Some((least, _)) = self.least_child(at) {
            self.heap[at] = self.heap[least];
            at = least;
        }
        self.rise(at, last);
    }

    /// Puts this item where it belongs below the open place at the top.
    fn sink(&mut self, item: (Order, E)) {
        let mut at = 0;
        while let Some((least, order)) = self.least_child(at) {
            if item.0 <= order {
                break;
            }
            self.heap[at] = self.heap[least];
            at = least;
        }
        self.heap[at] = item;
    }

    /// The earliest child of a node, if it has any.
    #[inline]
    fn least_child(&self, of: usize) -> Option<(usize, Order)> {
        let first = of * CHILDREN + 1;
        let children = self.heap.get(first..)?;
        let earlier = |a: (usize, Order), b: (usize, Order)| if b.1 < a.1 { b } else { a };
        if let Some([a, b, c, d]) = children.first_chunk() {
            let left = earlier((first, a.0), (first + 1, b.0));
            return Some(earlier(left, earlier((first + 2, c.0), (first + 3, d.0))));
        }
        (first..).zip(children.iter().map(|(order, _)| *order)).reduce(earlier)
    }

    /// Puts this item where it belongs between here and the top.
    fn rise(&mut self, mut at: usize, item: (Order, E)) {
        while at > 0 {
            let parent = (at - 1) / CHILDREN;
            if self.heap[parent].0 <= item.0 {
                break;
            }
            self.heap[at] = self.heap[parent];
            at = parent;
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
