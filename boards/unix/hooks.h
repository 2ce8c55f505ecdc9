// Included before every C file: MicroPython's ticks are the station's time, which may be accelerated.
#ifndef PILOTWIRE_UNIX_HOOKS_H
#define PILOTWIRE_UNIX_HOOKS_H
unsigned int station_ticks_ms(void);
unsigned int station_ticks_us(void);
#define mp_hal_ticks_ms station_ticks_ms
#define mp_hal_ticks_us station_ticks_us
#endif
