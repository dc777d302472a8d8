//! What every pane is built from: pure, no terminal, no AWS, no clock.
