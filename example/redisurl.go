package main

import (
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// errRedisURL does not repeat the URL, nor what a parser says about it: there may be a password in it, and one that was not
// percent-encoded may turn up in any of its parts.
var errRedisURL = errors.New("REDIS_URL is none of: redis://host:port, rediss://host:port for TLS, " +
	"redis://host:port,host:port,… for a Cluster, redis+sentinel://host:port,…/name for Sentinel; each may have user:password@, " +
	"percent-encoded, before the first host, and go-redis's options after a question mark")

// redisClient makes the client for a REDIS_URL. It does not connect yet: an application starts while Redis is down.
func redisClient(raw string) (redis.UniversalClient, error) {
	scheme, rest, _ := strings.Cut(raw, "://")
	scheme, sentinel := strings.CutSuffix(scheme, "+sentinel")
	end := len(rest)
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		end = i
	}
	at := strings.LastIndex(rest[:end], "@") + 1
	addrs := strings.Split(rest[at:end], ",")
	u, err := url.Parse(scheme + "://" + rest[:at] + addrs[0] + rest[end:])
	if err != nil {
		return nil, errRedisURL
	}
	query := u.Query()
	for _, addr := range addrs[1:] {
		query.Add("addr", addr) // as go-redis has them
	}
	if sentinel {
		query.Set("master_name", strings.Trim(u.Path, "/"))
		u.Path = ""
	}
	u.RawQuery = query.Encode()

	client, err := parseRedisURL(u.String(), sentinel, len(addrs) > 1)
	if err != nil || sentinel && query.Get("master_name") == "" {
		return nil, errRedisURL
	}
	return client, nil
}

// parseRedisURL makes clients whose commands end with their context, which spares the store a goroutine for each.
func parseRedisURL(raw string, sentinel, cluster bool) (redis.UniversalClient, error) {
	switch {
	case sentinel:
		options, err := redis.ParseFailoverURL(raw)
		if err != nil {
			return nil, err
		}
		options.ContextTimeoutEnabled = true
		return redis.NewFailoverClient(options), nil
	case cluster:
		options, err := redis.ParseClusterURL(raw)
		if err != nil {
			return nil, err
		}
		options.ContextTimeoutEnabled = true
		// A master that is gone sends nobody elsewhere. Unless told so, the client looks once a minute who has taken over.
		options.ClusterStateReloadInterval = 2 * time.Second
		return redis.NewClusterClient(options), nil
	default:
		options, err := redis.ParseURL(raw)
		if err != nil {
			return nil, err
		}
		options.ContextTimeoutEnabled = true
		return redis.NewClient(options), nil
	}
}
