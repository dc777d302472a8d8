//! The actions that every pane shares, one table for each scope. Which scopes are open follows from what has the focus:
//! innermost first, for example `[field]`, `[menu, field, app]`, `[text, app]` or `[users, list, app]`.

use crate::kit::action::Spec;
use crate::kit::keymap::Catalogue;

/// Works everywhere; text fields, menus and overlays let only `ctrl-` keys and `esc` through to it.
pub mod app {
    crate::actions! { "app" {
        Back         = "back",          "Go one step back: close what is open, clear the filter, stop reading", Safe, [];
        Help         = "help",          "Show the keys that work here",                Safe, [];
        Palette      = "palette",       "Find an action by its name and run it",       Safe, [];
        Users        = "users",         "Go to users",                                 Safe, [];
        Keys         = "keys",          "Go to access keys",                           Safe, [];
        Findings     = "findings",      "Go to GuardDuty findings",                    Safe, [];
        Trail        = "trail",         "Go to CloudTrail events",                     Safe, [];
        Bastions     = "bastions",      "Go to nodes and sessions",                    Safe, [];
        Activity     = "activity",      "Go to the calls made to AWS",                 Safe, [];
        Rotations    = "rotations",     "Go to the rotations of access keys",          Safe, [];
        Forwards     = "forwards",      "Go to forwards",                              Safe, [];
        Recordings   = "recordings",    "Go to the recordings of shells",              Safe, [];
        Shells       = "shells",        "Go to the shell that was shown last",         Safe, [];
        NextPane     = "next-pane",     "Go to the next pane",                         Safe, [];
        PreviousPane = "previous-pane", "Go to the previous pane",                     Safe, [];
        LastPane     = "last-pane",     "Go to the pane shown before",                 Safe, [];
        Arm          = "arm",           "Allow changes for 15 minutes, or end that now", Safe, [];
        Redraw       = "redraw",        "Paint the whole screen anew",                 Safe, [];
        Suspend      = "suspend",       "Suspend to the shell; `fg` comes back",       Safe, [];
        Interrupt    = "interrupt",     "Quit when pressed twice",                     Safe, [];
        Quit         = "quit",          "Quit",                                        Safe, [];
    } }
}

/// Works in every list.
pub mod list {
    crate::actions! { "list" {
        Down           = "down",            "Move down",                                     Safe, [];
        Up             = "up",              "Move up",                                       Safe, [];
        HalfDown       = "half-down",       "Move down half a page",                         Safe, [];
        HalfUp         = "half-up",         "Move up half a page",                           Safe, [];
        PageDown       = "page-down",       "Move down a page",                              Safe, [];
        PageUp         = "page-up",         "Move up a page",                                Safe, [];
        Top            = "top",             "Go to the first row",                           Safe, [];
        Bottom         = "bottom",          "Go to the last row",                            Safe, [];
        Open           = "open",            "Show all of the selected row",                  Safe, [];
        Record         = "record",          "Show the raw record as JSON",                   Safe, [];
        Filter         = "filter",          "Show only rows that match a text or a query",   Safe, [];
        Sort           = "sort",            "Choose the column to sort by",                  Safe, [];
        SortNext       = "sort-next",       "Sort by the next column",                       Safe, [];
        SortPrevious   = "sort-previous",   "Sort by the previous column",                   Safe, [];
        Reverse        = "reverse",         "Reverse the order",                             Safe, [];
        Reload         = "reload",          "Read the list from AWS again",                  Safe, [];
        Copy           = "copy",            "Copy the id of the selected row",               Safe, [];
        Mark           = "mark",            "Mark the selected row, or unmark it",           Safe, [];
        MarkAll        = "mark-all",        "Mark all rows that match, or unmark them",      Safe, [];
        Unmark         = "unmark",          "Take all marks away",                           Safe, [];
        Trail          = "trail",           "Search CloudTrail for the selected row",        Safe, ["cloudtrail:LookupEvents"];
    } }
}

/// Works where text is read: the detail of a row, and its raw record.
pub mod text {
    crate::actions! { "text" {
        Down      = "down",      "Scroll down",                               Safe, [];
        Up        = "up",        "Scroll up",                                 Safe, [];
        HalfDown  = "half-down", "Scroll down half a page",                   Safe, [];
        HalfUp    = "half-up",   "Scroll up half a page",                     Safe, [];
        PageDown  = "page-down", "Scroll down a page",                        Safe, [];
        PageUp    = "page-up",   "Scroll up a page",                          Safe, [];
        Top       = "top",       "Go to the first line",                      Safe, [];
        Bottom    = "bottom",    "Go to the last line",                       Safe, [];
        Left      = "left",      "Scroll left where lines are not wrapped",   Safe, [];
        Right     = "right",     "Scroll right where lines are not wrapped",  Safe, [];
        Search    = "search",    "Search for a text",                         Safe, [];
        Next      = "next",      "Go to the next match",                      Safe, [];
        Previous  = "previous",  "Go to the match before",                    Safe, [];
        Wrap      = "wrap",      "Wrap long lines, or cut them",              Safe, [];
        Copy      = "copy",      "Copy the whole text",                       Safe, [];
        Close     = "close",     "Close the text",                            Safe, [];
    } }
}

/// Works in windows that only show something: help.
pub mod overlay {
    crate::actions! { "overlay" {
        Down     = "down",      "Scroll down",          Safe, [];
        Up       = "up",        "Scroll up",            Safe, [];
        PageDown = "page-down", "Scroll down a page",   Safe, [];
        PageUp   = "page-up",   "Scroll up a page",     Safe, [];
        Top      = "top",       "Go to the first line", Safe, [];
        Bottom   = "bottom",    "Go to the last line",  Safe, [];
        Close    = "close",     "Close the window",     Safe, [];
    } }
}

/// Works where one of several things is chosen: the palette, the sort menu. In the palette, letters go to its field.
pub mod menu {
    crate::actions! { "menu" {
        Down   = "down",   "Move down",            Safe, [];
        Up     = "up",     "Move up",              Safe, [];
        Accept = "accept", "Take the selected one", Safe, [];
    } }
}

/// Works in the dialog that asks whether something shall be changed.
pub mod confirm {
    crate::actions! { "confirm" {
        Next     = "next",      "Go to the next field or button",           Safe, [];
        Previous = "previous",  "Go to the field or button before",         Safe, [];
        Yes      = "yes",       "Say yes to what can be undone; else go to the button that does it", Safe, [];
        Accept   = "accept",    "Press the button, or leave the field",     Safe, [];
        Cancel   = "cancel",    "Leave everything as it is",                Safe, [];
        Down     = "down",      "Scroll the plan down",                     Safe, [];
        Up       = "up",        "Scroll the plan up",                       Safe, [];
        PageDown = "page-down", "Scroll the plan down a page",              Safe, [];
        PageUp   = "page-up",   "Scroll the plan up a page",                Safe, [];
    } }
}

/// Works where a shell is on screen: every other key goes to its target.
pub mod shell {
    crate::actions! { "shell" {
        Command = "command", "Give the next key to the console", Safe, [];
    } }
}

/// Works after the key of `shell.command`, and where a shell is over.
pub mod terminal {
    crate::actions! { "terminal" {
        Console  = "console",  "Go back to the console; the shell goes on",     Safe, [];
        Close    = "close",    "End the shell and close its tab",               Safe, ["ssm:TerminateSession"];
        Next     = "next",     "Go to the next shell",                          Safe, [];
        Previous = "previous", "Go to the previous shell",                      Safe, [];
        Full     = "full",     "Give the shell the whole screen, or take it back", Safe, [];
        Lend     = "lend",     "Give the shell the terminal itself; the console's key takes it back", Safe, [];
        Read     = "read",     "Hold the screen still, to read what has scrolled away, search and copy", Safe, [];
        Record   = "record",   "Record the shell's output to a file, or stop",  Safe, [];
        Send     = "send",     "Send this key to the target",                   Safe, [];
        Resume   = "resume",   "Give the keys back to the target",              Safe, [];
    } }
}

/// Works where a recording is played.
pub mod replay {
    crate::actions! { "replay" {
        Pause    = "pause",    "Stop the recording where it is, or go on",      Safe, [];
        Forward  = "forward",  "Go on by 5 seconds",                            Safe, [];
        Backward = "backward", "Go back by 5 seconds",                          Safe, [];
        Faster   = "faster",   "Play twice as fast",                            Safe, [];
        Slower   = "slower",   "Play half as fast",                             Safe, [];
        Close    = "close",    "Close the recording's tab",                     Safe, [];
        Read     = "read",     "Hold the screen still, to read what has scrolled away, search and copy", Safe, [];
        Next     = "next",     "Go to the next output, over a pause",           Safe, [];
        Full     = "full",     "Give the recording the whole screen, or take it back", Safe, [];
        Console  = "console",  "Go back to the console; the recording stands still", Safe, [];
        Minute   = "minute",   "Go on by a minute",                             Safe, [];
        Earlier  = "earlier",  "Go back by a minute",                           Safe, [];
        Start    = "start",    "Go to the beginning",                           Safe, [];
        End      = "end",      "Go to the end",                                 Safe, [];
    } }
}

/// Works where the screen of a shell is held still.
pub mod scrollback {
    crate::actions! { "scrollback" {
        Down     = "down",      "Go down a line",                               Safe, [];
        Up       = "up",        "Go up a line",                                 Safe, [];
        HalfDown = "half-down", "Go down half a page",                          Safe, [];
        HalfUp   = "half-up",   "Go up half a page",                            Safe, [];
        PageDown = "page-down", "Go down a page",                               Safe, [];
        PageUp   = "page-up",   "Go up a page",                                 Safe, [];
        Top      = "top",       "Go to the oldest line",                        Safe, [];
        Bottom   = "bottom",    "Go to the newest line",                        Safe, [];
        Choose   = "choose",    "Begin to choose lines, or stop",               Safe, [];
        Copy     = "copy",      "Copy the chosen lines, or this one",           Safe, [];
        Search   = "search",    "Search for a text",                            Safe, [];
        Next     = "next",      "Go to the next match, towards newer lines",    Safe, [];
        Previous = "previous",  "Go to the match before, towards older lines",  Safe, [];
        Close    = "close",     "Let the screen live again",                    Safe, [];
    } }
}

/// Works where a line of text is typed. Characters go into the field before any binding is looked up.
pub mod field {
    crate::actions! { "field" {
        Accept        = "accept",          "Keep the text and leave the field",  Safe, [];
        Left          = "left",            "Move left",                          Safe, [];
        Right         = "right",           "Move right",                         Safe, [];
        WordLeft      = "word-left",       "Move left by a word",                Safe, [];
        WordRight     = "word-right",      "Move right by a word",               Safe, [];
        Start         = "start",           "Go to the start of the line",        Safe, [];
        End           = "end",             "Go to the end of the line",          Safe, [];
        Backspace     = "backspace",       "Delete the character before",        Safe, [];
        Delete        = "delete",          "Delete the character here",          Safe, [];
        DeleteWord    = "delete-word",     "Delete the word before",             Safe, [];
        DeleteToStart = "delete-to-start", "Delete everything before",           Safe, [];
        DeleteToEnd   = "delete-to-end",   "Delete everything behind",           Safe, [];
    } }
}

/// Every action of the shared scopes. The panes' own are added by [`crate::panes`].
pub fn shared() -> impl Iterator<Item = Spec> {
    (app::Action::ALL.iter().map(|action| action.spec()))
        .chain(list::Action::ALL.iter().map(|action| action.spec()))
        .chain(text::Action::ALL.iter().map(|action| action.spec()))
        .chain(overlay::Action::ALL.iter().map(|action| action.spec()))
        .chain(menu::Action::ALL.iter().map(|action| action.spec()))
        .chain(confirm::Action::ALL.iter().map(|action| action.spec()))
        .chain(shell::Action::ALL.iter().map(|action| action.spec()))
        .chain(terminal::Action::ALL.iter().map(|action| action.spec()))
        .chain(replay::Action::ALL.iter().map(|action| action.spec()))
        .chain(scrollback::Action::ALL.iter().map(|action| action.spec()))
        .chain(field::Action::ALL.iter().map(|action| action.spec()))
}

/// Every action of the console, for keymaps, help and palette.
pub fn catalogue() -> Catalogue {
    Catalogue::new(shared().chain(crate::panes::catalogue()))
}
