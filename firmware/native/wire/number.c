// Numbers: RFC 8259's grammar, then an exact scaled integer of 32 bits; and back.

#include "firmware/native/wire/reader.h"

// Parts of a number; from COMPLETE on it may end.
enum { BEGIN, MINUS, POINT, EXPONENT, SIGN, COMPLETE, ZERO = COMPLETE, INTEGER, FRACTION, EXPONENT_DIGITS };

enum {
    MOST_DECIMALS = 9,
    MOST_EXPONENT = 100000000, // no message is long enough for digits that would make up for more
    PRECISION = 1000000000, // numbers with decimals keep 9 digits
};
static const uint32_t MOST = 2147483648; // magnitude of the least int32_t

void wire_begin_number(wire_reader_t *r) {
    r->number = (wire_number_t) { .part = BEGIN };
}

// A digit of the integer or of the fraction. Once there is no room for one, it and all further ones are dropped.
static void significant(wire_number_t *number, unsigned digit) {
    if (number->part != INTEGER) {
        number->part = FRACTION;
        number->scale--;
    }
    if ((number->flags & FLAG_DROPPED) == 0 && number->mantissa <= (MOST - digit) / 10) {
        number->mantissa = number->mantissa * 10 + digit;
        return;
    }
    if (digit >= 5 && (number->flags & FLAG_DROPPED) == 0) {
        number->flags |= FLAG_ROUND;
    }
    number->flags |= FLAG_DROPPED | (digit != 0 ? FLAG_INEXACT : 0);
    number->scale++;
}

static bool digit(wire_number_t *number, unsigned digit) {
    switch (number->part) {
        case BEGIN:
        case MINUS:
            number->mantissa = digit;
            number->part = digit != 0 ? INTEGER : ZERO;
            return true;
        case ZERO:
            return false;
        case INTEGER:
        case POINT:
        case FRACTION:
            significant(number, digit);
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

// Whatever way it is spelled: its mantissa and decimals (minus `scale`). An integer that is exact has neither decimals
// nor FLAG_INEXACT. Of decimals, 9 digits and 9 places are kept, rounded half up.
wire_error_t wire_normalize(wire_number_t *number) {
    uint32_t m = number->mantissa;
    int32_t scale = number->scale;
    bool round = (number->flags & FLAG_ROUND) != 0;
    scale += number->flags & FLAG_EXPONENT_NEGATIVE ? -(int32_t)number->exponent : (int32_t)number->exponent;
    for (; scale < 0 && m != 0 && (m >= PRECISION || scale < -MOST_DECIMALS); scale++) {
        unsigned last = m % 10;
        m /= 10;
        round = last >= 5;
        number->flags |= last != 0 ? FLAG_INEXACT : 0;
    }
    if (round && m < MOST - 1 && scale >= -MOST_DECIMALS) {
        m++;
    }
    for (; scale < 0 && m % 10 == 0 && m != 0; scale++) {
        m /= 10;
    }
    for (; scale > 0 && m != 0; scale--) {
        if (m > MOST / 10) {
            return E_RANGE;
        }
        m *= 10;
    }
    number->mantissa = m;
    number->scale = m != 0 ? scale : 0;
    return E_NONE;
}

// The number that was read, as the kind that is expected.
wire_error_t wire_number(wire_reader_t *r) {
    wire_number_t *number = &r->number;
    uint32_t m;
    bool negative = number->flags & FLAG_NEGATIVE;
    if (wire_normalize(number) != E_NONE) {
        return E_RANGE;
    }
    m = number->mantissa;
    if (negative ? m != 0 && wire_table[r->type] >> 8 != 0 : m == MOST) { // minimum 0, most
        return E_RANGE;
    }
    if (r->kind == KIND_INTEGER && (number->scale != 0 || number->flags & FLAG_INEXACT)) {
        return E_TYPE;
    }
    return wire_keep(r, r->kind == KIND_INTEGER ? TAG_INT : TAG_NUMBER, (int32_t)(negative ? 0 - m : m),
        -number->scale);
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
