//! `BufferPool`: the producer's `buffer.memory` (`producer.md 3.6`). Who has to wait gets a number and asks again.
//!
//! Java's waiters sleep on conditions; here a waiter that was signalled is served when it is polled, and whoever would
//! signal it marks it instead. Waiting time is the caller's: it gives up for a waiter whose budget is over.

use std::collections::VecDeque;

/// A waiting `allocate`, by a number that no other one of the pool ever had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WaiterId(u32);

/// The memory that batches are made of: free chunks of `batch.size`, and bytes that belong to no chunk.
#[derive(Clone, Debug)]
pub struct BufferPool {
    chunk: u32,
    free_chunks: u32,
    non_pooled: i64,
    waiters: VecDeque<Waiter>,
    next_waiter: u32,
}

#[derive(Clone, Debug)]
struct Waiter {
    id: WaiterId,
    size: u32,
    /// What it holds already while it waits for the rest.
    collected: u32,
    signalled: bool,
}

impl BufferPool {
    /// `total` is `buffer.memory`, `chunk` is `batch.size` (`poolableSize`), both in bytes.
    pub fn new(total: i64, chunk: u32) -> BufferPool {
        BufferPool { chunk, free_chunks: 0, non_pooled: total, waiters: VecDeque::new(), next_waiter: 0 }
    }

    /// Takes memory at once, however many wait already, or joins the end of those who wait. `size` must not be above
    /// the total, or the waiter can never be served; the caller checks that first, as `KafkaProducer` does.
    ///
    /// # Errors
    /// The number of the waiter that the caller is now.
    pub fn allocate(&mut self, size: u32) -> Result<(), WaiterId> {
        if self.take_at_once(size) {
            self.signal_first_if_memory_remains();
            return Ok(());
        }
        let id = WaiterId(self.next_waiter);
        self.next_waiter = self.next_waiter.wrapping_add(1);
        self.waiters.push_back(Waiter { id, size, collected: 0, signalled: false });
        Err(id)
    }

    /// Whether the waiter has its memory now. One that was signalled takes what is there, and holds it if that is not
    /// enough; one that was not signalled stays asleep.
    pub fn poll_waiter(&mut self, id: WaiterId) -> bool {
        let Some(at) = self.waiters.iter().position(|waiter| waiter.id == id) else { return false };
        if !std::mem::take(&mut self.waiters[at].signalled) {
            return false;
        }
        let (size, collected) = (self.waiters[at].size, self.waiters[at].collected);
        if collected == 0 && size == self.chunk && self.free_chunks > 0 {
            self.free_chunks -= 1;
        } else {
            let need = size - collected;
            self.break_up_chunks(need);
            let got = i64::from(need).min(self.non_pooled);
            self.non_pooled -= got;
            if got < i64::from(need) {
                self.waiters[at].collected += got as u32;
                return false;
            }
        }
        self.waiters.remove(at);
        self.signal_first_if_memory_remains();
        true
    }

    /// The waiter's time is over, or the producer is closed: what it held is free again.
    pub fn give_up(&mut self, id: WaiterId) {
        if let Some(at) = self.waiters.iter().position(|waiter| waiter.id == id) {
            if let Some(waiter) = self.waiters.remove(at) {
                self.non_pooled += i64::from(waiter.collected);
            }
            self.signal_first_if_memory_remains();
        }
    }

    /// A buffer comes back, with the size that it was allocated with. The first waiter may look.
    pub fn release(&mut self, size: u32) {
        if size == self.chunk {
            self.free_chunks += 1;
        } else {
            self.non_pooled += i64::from(size);
        }
        self.signal_first();
    }

    /// Bytes that nobody holds (`availableMemory`).
    pub fn available(&self) -> i64 {
        self.non_pooled + i64::from(self.free_chunks) * i64::from(self.chunk)
    }

    /// Whether anybody waits (`queued() > 0`).
    pub fn has_waiters(&self) -> bool {
        !self.waiters.is_empty()
    }

    fn take_at_once(&mut self, size: u32) -> bool {
        if size == self.chunk && self.free_chunks > 0 {
            self.free_chunks -= 1;
            return true;
        }
        if self.available() < i64::from(size) {
            return false;
        }
        self.break_up_chunks(size);
        self.non_pooled -= i64::from(size);
        true
    }

    /// Turns free chunks into loose bytes until there are `size` of them, or no chunk is left (`freeUp`).
    fn break_up_chunks(&mut self, size: u32) {
        let missing = i64::from(size) - self.non_pooled;
        if missing > 0 && self.free_chunks > 0 {
            // A chunk of no bytes is never free: `batch.size` is at least 1.
            let chunk = i64::from(self.chunk);
            let broken = ((missing + chunk - 1) / chunk).min(i64::from(self.free_chunks));
            self.free_chunks -= broken as u32;
            self.non_pooled += broken * chunk;
        }
    }

    fn signal_first_if_memory_remains(&mut self) {
        if self.available() > 0 {
            self.signal_first();
        }
    }

    fn signal_first(&mut self) {
        if let Some(first) = self.waiters.front_mut() {
            first.signalled = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHUNK: u32 = 100;

    /// A pool of `chunks` chunks with all of it taken, chunk by chunk.
    fn taken(chunks: u32) -> BufferPool {
        let mut pool = BufferPool::new(i64::from(chunks * CHUNK), CHUNK);
        for _ in 0..chunks {
            take(&mut pool, CHUNK);
        }
        assert_eq!(pool.available(), 0);
        pool
    }

    fn take(pool: &mut BufferPool, size: u32) {
        assert_eq!(pool.allocate(size), Ok(()));
    }

    fn wait(pool: &mut BufferPool, size: u32) -> WaiterId {
        pool.allocate(size).expect_err("the pool has no room for it")
    }

    /// `producer.md 3.6`: available = nonPooled + freeChunks * B.
    #[test]
    fn what_is_free_is_loose_bytes_and_chunks() {
        let mut pool = BufferPool::new(1_000, CHUNK);
        take(&mut pool, CHUNK);
        take(&mut pool, 250);
        assert_eq!(pool.available(), 650);
        pool.release(CHUNK);
        assert_eq!((pool.available(), pool.free_chunks, pool.non_pooled), (750, 1, 650));
        pool.release(250);
        assert_eq!((pool.available(), pool.free_chunks, pool.non_pooled), (1_000, 1, 900));
    }

    /// `producer.md 3.6`, step 1: a free chunk is used again.
    #[test]
    fn an_exact_chunk_comes_from_the_free_list() {
        let mut pool = taken(2);
        pool.release(CHUNK);
        take(&mut pool, CHUNK);
        assert_eq!((pool.free_chunks, pool.available()), (0, 0));
    }

    /// `producer.md 3.6`, step 2: free chunks are broken up, as many as needed, each of them whole.
    #[test]
    fn an_odd_size_breaks_up_chunks() {
        let mut pool = taken(4);
        for _ in 0..4 {
            pool.release(CHUNK);
        }
        take(&mut pool, 150);
        assert_eq!((pool.free_chunks, pool.non_pooled), (2, 50));
        take(&mut pool, 50);
        assert_eq!((pool.free_chunks, pool.non_pooled), (2, 0));
    }

    /// `producer.md 3.6`, step 3: first come, first served; only the first waiter is signalled.
    #[test]
    fn waiters_are_served_in_their_order() {
        let mut pool = taken(2);
        let (first, second) = (wait(&mut pool, CHUNK), wait(&mut pool, CHUNK));
        pool.release(CHUNK);
        assert!(!pool.poll_waiter(second), "it was not signalled, although a chunk is free");
        assert!(pool.poll_waiter(first));
        assert!(!pool.poll_waiter(second), "nothing remains for it");
        pool.release(CHUNK);
        assert!(pool.poll_waiter(second));
        assert!(!pool.has_waiters());
    }

    /// `producer.md 3.6`: a satisfied waiter signals the next one if memory remains.
    #[test]
    fn a_satisfied_waiter_signals_the_next() {
        let mut pool = taken(2);
        let (first, second) = (wait(&mut pool, CHUNK), wait(&mut pool, CHUNK));
        pool.release(CHUNK);
        pool.release(CHUNK);
        assert!(!pool.poll_waiter(second));
        assert!(pool.poll_waiter(first));
        assert!(pool.poll_waiter(second));
    }

    /// `producer.md 3.6`: partial reservations are held while the waiter goes on waiting.
    #[test]
    fn a_large_waiter_collects_piece_by_piece() {
        let mut pool = taken(3);
        let large = wait(&mut pool, 250);
        pool.release(CHUNK);
        assert!(!pool.poll_waiter(large));
        assert_eq!(pool.available(), 0, "it holds the chunk's bytes");
        pool.release(CHUNK);
        assert!(!pool.poll_waiter(large));
        pool.release(CHUNK);
        assert!(pool.poll_waiter(large));
        assert_eq!((pool.available(), pool.non_pooled), (50, 50));
    }

    /// `producer.md 3.6`: a waiter for exactly B that has collected loose bytes no longer takes a chunk as one.
    #[test]
    fn a_waiter_that_collected_something_breaks_up_its_chunk() {
        let mut pool = BufferPool::new(200, CHUNK);
        take(&mut pool, 30);
        take(&mut pool, 70);
        take(&mut pool, CHUNK);
        let waiter = wait(&mut pool, CHUNK);
        pool.release(30);
        assert!(!pool.poll_waiter(waiter));
        pool.release(CHUNK);
        assert!(pool.poll_waiter(waiter));
        assert_eq!((pool.free_chunks, pool.non_pooled), (0, 30));
    }

    /// `producer.md 3.6`: budget exhausted: the partial reservation is returned, and the next one may look.
    #[test]
    fn who_gives_up_returns_what_it_held() {
        let mut pool = taken(2);
        let (large, small) = (wait(&mut pool, 150), wait(&mut pool, 40));
        pool.release(CHUNK);
        assert!(!pool.poll_waiter(large));
        pool.give_up(large);
        assert_eq!(pool.available(), 100);
        assert!(pool.poll_waiter(small));
        assert_eq!(pool.available(), 60);
    }

    /// `producer.md 3.6`: not strictly fair: a small newcomer overtakes a large waiter.
    #[test]
    fn a_newcomer_may_overtake_a_waiter() {
        let mut pool = taken(2);
        let large = wait(&mut pool, 150);
        pool.release(CHUNK);
        take(&mut pool, 60);
        assert!(pool.has_waiters());
        assert!(!pool.poll_waiter(large));
        assert_eq!(pool.available(), 0, "the waiter holds the 40 that were left");
        pool.release(60);
        assert!(!pool.poll_waiter(large));
        pool.release(CHUNK);
        assert!(pool.poll_waiter(large));
        assert_eq!(pool.available(), 50);
    }

    #[test]
    fn a_waiter_that_is_gone_gets_nothing() {
        let mut pool = taken(1);
        let waiter = wait(&mut pool, CHUNK);
        pool.give_up(waiter);
        pool.release(CHUNK);
        assert!(!pool.poll_waiter(waiter));
        assert_eq!(pool.available(), i64::from(CHUNK));
    }
}
