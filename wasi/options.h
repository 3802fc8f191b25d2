// Socket options, as Linux numbers them.

#pragma once

#define SOL_SOCKET_ (1)
#define SO_REUSEADDR_ (2)
#define SO_ERROR_ (4)
#define SO_BROADCAST_ (6)
#define SO_SNDBUF_ (7)
#define SO_RCVBUF_ (8)
#define SO_KEEPALIVE_ (9)
#define SO_LINGER_ (13)
#define IPPROTO_IP_ (0)
#define IPPROTO_TCP_ (6)
#define IPPROTO_UDP_ (17)
#define IP_TTL_ (2)
#define IP_MULTICAST_TTL_ (33)
#define IP_MULTICAST_LOOP_ (34)
#define IP_ADD_MEMBERSHIP_ (35)
#define IP_DROP_MEMBERSHIP_ (36)
#define TCP_NODELAY_ (1)
