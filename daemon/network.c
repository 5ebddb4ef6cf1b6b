/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/network.h"

#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "parsers/observation.h"

/* Addresses come one after the other, and go before others come: looked at when it has been quiet for this long since the first. */
#define SETTLE_USEC (UINT64_C(2) * 1000000)

struct network {
        sd_event *event;
        sd_event_source *heard, *settle;
        int socket;
        uint64_t addresses; /* a digest of them; 0: none */
        void (*changed)(void *userdata);
        void *userdata;
};

/* 0: one that does not count. */
static uint64_t digest_of(const struct ifaddrs *a) {
        uint64_t h = hash_bytes(a->ifa_name, strlen(a->ifa_name), 0);
        if (a->ifa_addr->sa_family == AF_INET) {
                const struct in_addr *four = &((const struct sockaddr_in *) (const void *) a->ifa_addr)->sin_addr;
                return ntohl(four->s_addr) >> 24 == 127 ? 0 : hash_bytes(four, sizeof(*four), h);
        }
        if (a->ifa_addr->sa_family != AF_INET6)
                return 0;
        const struct in6_addr *six = &((const struct sockaddr_in6 *) (const void *) a->ifa_addr)->sin6_addr;
        return IN6_IS_ADDR_LOOPBACK(six) || IN6_IS_ADDR_LINKLOCAL(six) ? 0 : hash_bytes(six, sizeof(*six), h);
}

/* In whatever order they are told. */
static uint64_t addresses_now(uint64_t before) {
        struct ifaddrs *list = NULL;
        uint64_t sum = 0;
        if (getifaddrs(&list) < 0)
                return before;
        for (const struct ifaddrs *a = list; a; a = a->ifa_next)
                if (a->ifa_addr)
                        sum += digest_of(a);
        freeifaddrs(list);
        return sum;
}

static int on_settled(sd_event_source *s, uint64_t usec, void *userdata) {
        struct network *n = userdata;
        (void) s;
        (void) usec;
        uint64_t before = n->addresses;
        n->addresses = addresses_now(before);
        if (n->addresses != before && n->addresses != 0)
                n->changed(n->userdata);
        return 0;
}

/* That something is said is enough; what, is asked for when all is said. */
static int on_heard(sd_event_source *s, int fd, uint32_t revents, void *userdata) {
        struct network *n = userdata;
        char data[8192];
        int enabled = SD_EVENT_OFF;
        (void) s;
        (void) revents;
        ssize_t r;
        do
                r = recv(fd, data, sizeof(data), MSG_DONTWAIT);
        while (r > 0 || (r < 0 && errno == EINTR));
        (void) sd_event_source_get_enabled(n->settle, &enabled);
        if (enabled != SD_EVENT_OFF)
                return 0;
        int e = sd_event_source_set_time_relative(n->settle, SETTLE_USEC);
        return e < 0 ? e : sd_event_source_set_enabled(n->settle, SD_EVENT_ONESHOT);
}

static int open_netlink(struct network *n) {
        const struct sockaddr_nl all = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR};
        n->socket = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
        if (n->socket < 0 || bind(n->socket, (const struct sockaddr *) &all, sizeof(all)) < 0)
                return -errno;
        return sd_event_add_io(n->event, &n->heard, n->socket, EPOLLIN, on_heard, n);
}

int network_new(sd_event *event, void (*changed)(void *userdata), void *userdata, struct network **ret) {
        struct network *n = calloc(1, sizeof(*n));
        if (!n)
                return -ENOMEM;
        *n = (struct network){.event = sd_event_ref(event), .socket = -1, .changed = changed, .userdata = userdata};
        int e = open_netlink(n);
        if (e >= 0)
                e = sd_event_add_time(event, &n->settle, CLOCK_MONOTONIC, UINT64_MAX, 0, on_settled, n);
        if (e >= 0)
                e = sd_event_source_set_enabled(n->settle, SD_EVENT_OFF);
        if (e < 0) {
                network_free(n);
                return e;
        }
        n->addresses = addresses_now(0);
        *ret = n;
        return 0;
}

struct network *network_free(struct network *n) {
        if (!n)
                return NULL;
        (void) sd_event_source_disable_unref(n->heard);
        (void) sd_event_source_disable_unref(n->settle);
        sd_event_unref(n->event);
        if (n->socket >= 0)
                (void) close(n->socket);
        free(n);
        return NULL;
}
