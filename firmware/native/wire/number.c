// Numbers: RFC 8259's grammar, then an exact scaled integer of 32 bits; and back.

#include "firmware/native/wire/reader.h"

// Parts of a number; from COMPLETE on it may end.
enum { BEGIN, MINUS, POINT, EXPONENT, SIGN, COMPLETE, ZERO = COMPLETE, INTEGER, FRACTION, EXPONENT_DIGITS };

enum {
    MOST_DECIMALS = 9,
    MOST_EXPONENT = 1000, // more changes nothing: 0 or out of range
    PRECISION = 100000000, // fraction digits are taken in up to 9 digits in all
};
static const uint32_t MOST = 2147483648; // magnitude of the least int32_t

void wire_begin_number(wire_reader_t *r) {
    r->number = (wire_number_t) { .part = BEGIN };
}

// A digit of the fraction: rounded half up where no more of them are kept.
static void fraction_digit(wire_number_t *number, unsigned digit) {
    number->part = FRACTION;
    if (number->mantissa < PRECISION && number->decimals < MOST_DECIMALS) {
        number->mantissa = number->mantissa * 10 + digit;
        number->decimals++;
        return;
    }
    if (digit >= 5 && (number->flags & FLAG_DROPPED) == 0) {
        number->flags |= FLAG_ROUND;
    }
    number->flags |= FLAG_DROPPED | (digit != 0 ? FLAG_INEXACT : 0);
}

static bool digit(wire_number_t *number, unsigned digit) {
    switch (number->part) {
        case BEGIN:
        case MINUS:
            number->mantissa = digit;
            number->part = digit != 0 ? INTEGER : ZERO;
            return true;
        case INTEGER:
            if (number->mantissa <= (MOST - digit) / 10) {
                number->mantissa = number->mantissa * 10 + digit;
            } else {
                number->flags |= FLAG_HUGE;
            }
            return true;
        case ZERO:
            return false;
        case POINT:
        case FRACTION:
            fraction_digit(number, digit);
            return true;
        default:
            number->part = EXPONENT_DIGITS;
            if (number->exponent < MOST_EXPONENT) {
                number->exponent = number->exponent * 10 + digit;
            }
            return true;
    }
}

// What is no digit; false: it does not belong to the number.
static bool mark(wire_number_t *number, uint8_t c) {
    unsigned part = number->part;
    if (c == '-' && part == BEGIN) {
        number->flags |= FLAG_NEGATIVE;
        number->part = MINUS;
    } else if (c == '.' && (part == ZERO || part == INTEGER)) {
        number->part = POINT;
    } else if ((c | 32) == 'e' && part >= COMPLETE && part != EXPONENT_DIGITS) {
        number->part = EXPONENT;
    } else if ((c == '+' || c == '-') && part == EXPONENT) {
        number->part = SIGN;
        number->flags |= c == '-' ? FLAG_EXPONENT_NEGATIVE : 0;
    } else {
        return false;
    }
    return true;
}

// Takes in a number's characters.
wire_error_t wire_digits(wire_reader_t *r) {
    wire_number_t *number = &r->number;
    for (; r->at < r->end; r->at++) {
        uint8_t c = r->buf[r->at];
        if (c >= '0' && c <= '9') {
            if (!digit(number, c - '0')) {
                return E_SYNTAX;
            }
        } else if (!mark(number, c)) {
            r->mode = M_AFTER;
            return number->part >= COMPLETE ? E_NONE : E_SYNTAX;
        }
    }
    return E_NONE;
}

// The number that was read, as the kind that is expected. An integer is exact. Of any other number 9 digits are kept,
// further decimals are rounded half up.
wire_error_t wire_number(wire_reader_t *r) {
    uint32_t m = r->number.mantissa;
    uint32_t decimals = r->number.decimals;
    uint32_t exponent = r->number.exponent;
    unsigned flags = r->number.flags;
    unsigned last = 0;
    if (flags & FLAG_HUGE) {
        return E_RANGE;
    }
    if (flags & FLAG_ROUND && m < MOST - 1) {
        m++;
    }
    if (flags & FLAG_EXPONENT_NEGATIVE) {
        decimals += exponent;
        exponent = 0;
    }
    for (; decimals > MOST_DECIMALS && m != 0; decimals--) {
        last = m % 10;
        m /= 10;
        flags |= last != 0 ? FLAG_INEXACT : 0;
    }
    if (last >= 5 && decimals == MOST_DECIMALS) {
        m++;
    }
    for (; decimals != 0 && m != 0 && m % 10 == 0; decimals--) {
        m /= 10;
    }
    if (m == 0) {
        decimals = exponent = 0;
    }
    for (; exponent != 0; exponent--) {
        if (decimals != 0) {
            decimals--;
        } else if (m > MOST / 10) {
            return E_RANGE;
        } else {
            m *= 10;
        }
    }
    if (flags & FLAG_NEGATIVE ? m != 0 && wire_table[r->type] >> 8 != 0 : m == MOST) { // minimum 0, most
        return E_RANGE;
    }
    if (r->kind == KIND_INTEGER && (decimals != 0 || flags & FLAG_INEXACT)) {
        return E_TYPE;
    }
    return wire_keep(r, r->kind == KIND_INTEGER ? TAG_INT : TAG_NUMBER,
        (int32_t)(flags & FLAG_NEGATIVE ? 0 - m : m), decimals);
}

size_t wire_write_number(uint8_t out[WIRE_NUMBER_MOST], int32_t value, unsigned decimals) {
    uint8_t digits[WIRE_NUMBER_MOST]; // from the last to the first
    size_t n = 0;
    size_t at = 0;
    unsigned width = 0;
    uint32_t m = value < 0 ? 0 - (uint32_t)value : (uint32_t)value;
    while (decimals != 0 && m % 10 == 0) {
        m /= 10;
        decimals--;
    }
    while (m != 0 || width <= decimals) {
        if (width == decimals && width != 0) {
            digits[n++] = '.';
        }
        digits[n++] = '0' + m % 10;
        m /= 10;
        width++;
    }
    if (value < 0) {
        out[at++] = '-';
    }
    while (n != 0) {
        out[at++] = digits[--n];
    }
    return at;
}
