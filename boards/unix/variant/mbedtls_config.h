// mbedtls as the charger has it: a TLS 1.2 client in the GC heap, with small record buffers.
#ifndef PILOTWIRE_UNIX_MBEDTLS_CONFIG_H
#define PILOTWIRE_UNIX_MBEDTLS_CONFIG_H

// Bytes of the longest record that comes in. It also bounds the server's whole Certificate message: chains of
// four RSA certificates, as big clouds have them, take about 5 kB. 512 to 16384; costs as much heap.
#ifndef PILOTWIRE_TLS_IN_CONTENT_LEN
#define PILOTWIRE_TLS_IN_CONTENT_LEN (6144)
#endif

// Bytes of the longest record that goes out; the longer ones are cut. The station's own certificate chain must
// fit. It also bounds the fragment length asked of the server (firmware/native). 512 to 16384.
#ifndef PILOTWIRE_TLS_OUT_CONTENT_LEN
#define PILOTWIRE_TLS_OUT_CONTENT_LEN (2048)
#endif

// Memory from the GC heap (MICROPY_TRACKED_ALLOC), randomness all the same from the operating system.
#define MICROPY_MBEDTLS_CONFIG_BARE_METAL (1)
#include "extmod/mbedtls/mbedtls_config_common.h"
#undef MBEDTLS_ENTROPY_HARDWARE_ALT
#undef MBEDTLS_NO_PLATFORM_ENTROPY

// Record buffers, and the extension that tells the server about them.
#undef MBEDTLS_SSL_MAX_CONTENT_LEN
#undef MBEDTLS_SSL_IN_CONTENT_LEN
#undef MBEDTLS_SSL_OUT_CONTENT_LEN
#define MBEDTLS_SSL_IN_CONTENT_LEN PILOTWIRE_TLS_IN_CONTENT_LEN
#define MBEDTLS_SSL_OUT_CONTENT_LEN PILOTWIRE_TLS_OUT_CONTENT_LEN
#define MBEDTLS_SSL_MAX_FRAGMENT_LENGTH

// TLS 1.2, client only, over TCP.
#undef MBEDTLS_SSL_SRV_C
#undef MBEDTLS_SSL_PROTO_TLS1
#undef MBEDTLS_SSL_PROTO_TLS1_1
#undef MBEDTLS_SSL_PROTO_DTLS

// Key exchange: ECDHE with ECDSA or RSA certificates. Curves: P-256 and P-384.
#undef MBEDTLS_KEY_EXCHANGE_RSA_ENABLED
#undef MBEDTLS_ECP_DP_SECP192R1_ENABLED
#undef MBEDTLS_ECP_DP_SECP224R1_ENABLED
#undef MBEDTLS_ECP_DP_SECP521R1_ENABLED
#undef MBEDTLS_ECP_DP_SECP192K1_ENABLED
#undef MBEDTLS_ECP_DP_SECP224K1_ENABLED
#undef MBEDTLS_ECP_DP_SECP256K1_ENABLED
#define MBEDTLS_ECP_NIST_OPTIM

// Less heap for a little more time; RSA keys of up to 4096 bits.
#define MBEDTLS_ECP_WINDOW_SIZE (2)
#define MBEDTLS_ECP_FIXED_POINT_OPTIM (0)
#define MBEDTLS_MPI_WINDOW_SIZE (1)
#define MBEDTLS_MPI_MAX_SIZE (512)

// The unix board's certificate store is a directory of PEM files. Other boards keep DER.
#define MBEDTLS_BASE64_C
#define MBEDTLS_PEM_PARSE_C

// The cryptolib module, which the unix port turns on together with TLS, needs it.
#define MBEDTLS_CIPHER_MODE_CTR

#endif
