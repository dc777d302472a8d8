//! The clock that nobody can set, and an alarm on it.
//!
//! | system | clock | why |
//! |---|---|---|
//! | Linux | `CLOCK_BOOTTIME` | `CLOCK_MONOTONIC` stands still while the machine sleeps: an armed console in a bag would stay armed |
//! | macOS | `CLOCK_MONOTONIC` | there it goes on while the machine sleeps (clock_gettime(3)); `CLOCK_UPTIME_RAW`, which [`std::time::Instant`] uses, does not |
//! | others | `CLOCK_MONOTONIC` | the best that all of them have |

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::domain::moment::Moment;

/// Tells [`Moment`]s. Tests bring their own.
#[derive(Clone)]
pub struct Steady(Arc<dyn Fn() -> Moment + Send + Sync>);

impl Steady {
    /// This machine's clock.
    pub fn system() -> Self {
        Self::new(system)
    }

    /// Another clock.
    pub fn new(now: impl Fn() -> Moment + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The present moment.
    pub fn now(&self) -> Moment {
        (self.0)()
    }
}

impl fmt::Debug for Steady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Steady")
    }
}

fn system() -> Moment {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let clock = ClockId::Boottime;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let clock = ClockId::Monotonic;
    let time = clock_gettime(clock);
    Moment::after_boot(Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default()))
}

pub(super) use alarm::Alarm;

/// Wakes the loop at a moment, and at once when the machine wakes up after it: timers of the async runtime stand still while it sleeps,
/// and what should have been locked meanwhile would stay on screen until the next tick.
#[cfg(any(target_os = "linux", target_os = "android"))]
mod alarm {
    use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime};
    use tokio::net::unix::pipe::Receiver;

    use super::Moment;

    #[derive(Debug)]
    pub(in crate::runtime) struct Alarm {
        /// Tokio's only safe door to "wait until this can be read", as for the keyboard.
        timer: Option<Receiver>,
        set: Option<Moment>,
    }

    impl Alarm {
        /// An alarm that is not set. Without timers of the system it never rings, and ticks have to do.
        pub(in crate::runtime) fn new() -> Self {
            let timer = timerfd_create(TimerfdClockId::Boottime, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC);
            Self { timer: timer.ok().and_then(|timer| Receiver::from_owned_fd_unchecked(timer).ok()), set: None }
        }

        /// Waits until this moment; for ever without one. May be dropped at any time.
        pub(in crate::runtime) async fn at(&mut self, moment: Option<Moment>) {
            let (Some(moment), Some(timer)) = (moment, &self.timer) else { return std::future::pending().await };
            if self.set != Some(moment) {
                self.set = None;
                let since_boot = moment.elapsed_since_boot();
                let value = Timespec {
                    tv_sec: i64::try_from(since_boot.as_secs()).unwrap_or(i64::MAX),
                    // All zeroes would switch it off.
                    tv_nsec: i64::from(since_boot.subsec_nanos().max(1)),
                };
                let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: value };
                if timerfd_settime(timer, TimerfdTimerFlags::ABSTIME, &once).is_err() {
                    return std::future::pending().await;
                }
                self.set = Some(moment);
            }
            loop {
                if timer.readable().await.is_err() {
                    return std::future::pending().await;
                }
                if timer.try_read(&mut [0; 8]).is_ok() {
                    self.set = None;
                    return;
                }
            }
        }
    }
}

/// Other systems have no such timer within our reach: ticks have to do.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod alarm {
    use super::Moment;

    #[derive(Debug)]
    pub(in crate::runtime) struct Alarm;

    impl Alarm {
        pub(in crate::runtime) fn new() -> Self {
            Self
        }

        pub(in crate::runtime) async fn at(&mut self, _moment: Option<Moment>) {
            std::future::pending().await
        }
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test stands at the edge")]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn it_goes_forward_and_has_no_date() {
        let steady = Steady::system();
        let (first, second) = (steady.now(), steady.now());
        assert!(second >= first);
        #[cfg(target_os = "linux")]
        {
            let uptime = std::fs::read_to_string("/proc/uptime").unwrap();
            let uptime: f64 = uptime.split(' ').next().unwrap().parse().unwrap();
            let ours = first.elapsed_since_boot().as_secs_f64();
            assert!((ours - uptime).abs() < 60.0, "{ours} {uptime}: the time since the machine started, with its sleep");
        }
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn the_alarm_rings_at_its_moment_and_again_when_it_is_set_anew() {
        let (steady, mut alarm) = (Steady::system(), Alarm::new());
        for wait in [0, 30, 20] {
            let at = steady.now() + SignedDuration::from_millis(wait);
            // Dropped half way, as the loop does with every key.
            let _dropped =
                tokio::time::timeout(Duration::from_millis(1), alarm.at(Some(at + SignedDuration::from_hours(1)))).await;
            tokio::time::timeout(Duration::from_secs(20), alarm.at(Some(at))).await.expect("it does not ring");
            assert!(steady.now() >= at);
        }
        let silent = tokio::time::timeout(Duration::from_millis(20), alarm.at(None)).await;
        assert!(silent.is_err());
    }
}
