// The registers of the STM32F205 and of its Cortex-M3 core that this board uses (ST RM0033, ARM DDI 0403).
#ifndef CORTEX_M3_REGISTERS_H
#define CORTEX_M3_REGISTERS_H

#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))

// SysTick: counts down from RELOAD at the core's clock, interrupts at 0.
#define SYSTICK_CONTROL REGISTER(0xE000E010u)
#define SYSTICK_RELOAD REGISTER(0xE000E014u)
#define SYSTICK_VALUE REGISTER(0xE000E018u)
#define SYSTICK_ENABLE_INTERRUPT_CORE_CLOCK (7u)

#define NVIC_ENABLE(irq) REGISTER(0xE000E100u + 4u * ((irq) / 32u)) = 1u << ((irq) % 32u)
#define NVIC_PRIORITY(irq) (*(volatile uint8_t *)(0xE000E400u + (irq))) // the upper four bits; 0 is the highest

#define INTERRUPT_CONTROL REGISTER(0xE000ED04u)
#define INTERRUPT_CONTROL_SYSTICK_PENDING (1u << 26)
#define FAULT_STATUS REGISTER(0xE000ED28u)       // CFSR: what went wrong
#define HARD_FAULT_STATUS REGISTER(0xE000ED2Cu)  // HFSR
#define FAULT_ADDRESS REGISTER(0xE000ED38u)      // BFAR, valid when FAULT_STATUS bit 15 is set
#define RESET_CONTROL REGISTER(0xE000ED0Cu)

typedef struct {
    volatile uint32_t status;
    volatile uint32_t data;
    volatile uint32_t baud_rate;
    volatile uint32_t control1;
} usart_registers_t;

#define USART1 ((usart_registers_t *)0x40011000u)
#define USART2 ((usart_registers_t *)0x40004400u)
#define USART1_IRQ (37)
#define USART2_IRQ (38)

#define USART_STATUS_RECEIVED (1u << 5)
#define USART_STATUS_SEND_EMPTY (1u << 7)
#define USART_CONTROL1_RECEIVE (1u << 2)
#define USART_CONTROL1_SEND (1u << 3)
#define USART_CONTROL1_RECEIVED_INTERRUPT (1u << 5)
#define USART_CONTROL1_ENABLE (1u << 13)

#endif
