// Asks every TLS server to keep its records small (RFC 6066, max_fragment_length).
//
// Our record buffers are smaller than the 16 kB that a server may fill, and a longer record ends the connection.
// MicroPython's tls module has no setting for it, so the linker puts this function around the one that it calls
// to initialise a configuration (see micropython.mk). A server that ignores the extension works as long as its records fit
// into MBEDTLS_SSL_IN_CONTENT_LEN; otherwise reading fails with MBEDTLS_ERR_SSL_INVALID_RECORD (-0x7200).

#include "mbedtls/ssl.h"

#if defined(MBEDTLS_SSL_MAX_FRAGMENT_LENGTH)

// mbedtls asks for no more than the smaller of its two buffers.
#if MBEDTLS_SSL_IN_CONTENT_LEN < MBEDTLS_SSL_OUT_CONTENT_LEN
#define SMALLER_BUFFER MBEDTLS_SSL_IN_CONTENT_LEN
#else
#define SMALLER_BUFFER MBEDTLS_SSL_OUT_CONTENT_LEN
#endif

#if SMALLER_BUFFER >= 16384
#define FRAGMENT_LENGTH MBEDTLS_SSL_MAX_FRAG_LEN_NONE
#elif SMALLER_BUFFER >= 4096
#define FRAGMENT_LENGTH MBEDTLS_SSL_MAX_FRAG_LEN_4096
#elif SMALLER_BUFFER >= 2048
#define FRAGMENT_LENGTH MBEDTLS_SSL_MAX_FRAG_LEN_2048
#elif SMALLER_BUFFER >= 1024
#define FRAGMENT_LENGTH MBEDTLS_SSL_MAX_FRAG_LEN_1024
#else
#define FRAGMENT_LENGTH MBEDTLS_SSL_MAX_FRAG_LEN_512
#endif

int __real_mbedtls_ssl_config_defaults(mbedtls_ssl_config *conf, int endpoint, int transport, int preset);
int __wrap_mbedtls_ssl_config_defaults(mbedtls_ssl_config *conf, int endpoint, int transport, int preset);

int __wrap_mbedtls_ssl_config_defaults(mbedtls_ssl_config *conf, int endpoint, int transport, int preset) {
    int result = __real_mbedtls_ssl_config_defaults(conf, endpoint, transport, preset);
    if (result == 0 && endpoint == MBEDTLS_SSL_IS_CLIENT) {
        result = mbedtls_ssl_conf_max_frag_len(conf, FRAGMENT_LENGTH);
    }
    return result;
}

#else

int __real_mbedtls_ssl_config_defaults(mbedtls_ssl_config *conf, int endpoint, int transport, int preset);
int __wrap_mbedtls_ssl_config_defaults(mbedtls_ssl_config *conf, int endpoint, int transport, int preset);

int __wrap_mbedtls_ssl_config_defaults(mbedtls_ssl_config *conf, int endpoint, int transport, int preset) {
    return __real_mbedtls_ssl_config_defaults(conf, endpoint, transport, preset);
}

#endif
