// Host and chip in lockstep, for counts of instructions that repeat to the last one (tools/lockstep.py is the host's side).
//
// Otherwise what comes in by the UARTs comes at the host's pace, and each run differs a little. With a setting `lockstep=FOLDER` both
// lines go through two named pipes there instead. The chip stands still while it waits for the host: once a millisecond, or less
// often if the host says so, it hands over what it has sent, and takes what comes in until the next time. Random numbers
// come from a generator with a fixed start. The functions that are replaced are wrapped at link time (port.mk).
//
// To the host, in FOLDER/out, little-endian:
//   u32 milliseconds since reset     u32 instructions since reset, without sleep and without what lockstep itself costs
//   u32 longest turn of the event loop (instructions) since the last time
//   u16 bytes of the network line    u16 bytes of the control line    u16 room for bytes of each line
//   u16 0, or 1: the buffer was full, and no answer is expected
//   the bytes
// From the host, in FOLDER/in:
//   u32 milliseconds since reset of the next time, unless the chip has something to say before
//   u16 bytes of the network line    u16 bytes of the control line    the bytes
#ifndef EMULATED_LOCKSTEP_H
#define EMULATED_LOCKSTEP_H

// Once the settings can be read. Without the setting nothing changes.
void lockstep_start(void);

#endif
