// What a test can do to the chip on the control line, to see that it is noticed: a line `!` and a word.
#ifndef EMULATED_TRIALS_H
#define EMULATED_TRIALS_H

// The first letter of the word, in the control side's interrupt:
//   memory     the firmware asks for more memory than there is
//   recursion  functions of the firmware call each other without end
//   stack      the C code under it does, and checks nothing
//   handlers   an interrupt handler does
//   leap       an interrupt handler does, but in large frames, and not much further than its stack goes
//   task       a task of the firmware fails that no other waits for, when it next logs a warning
void trials_ask_for(char letter);

// In the firmware: does what was asked for.
void trials_run(void);

#endif
