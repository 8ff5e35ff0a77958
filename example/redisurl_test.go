package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

func TestRedisClient(t *testing.T) {
	tests := map[string]string{
		"redis://localhost": "one node, localhost:6379, user , password , database 0, TLS false",
		"redis://app:p%40ss@redis.example:6380/2?pool_size=7":   "one node, redis.example:6380, user app, password p@ss, database 2, TLS false",
		"rediss://redis.example:6380":                           "one node, redis.example:6380, user , password , database 0, TLS true",
		"redis://[::1]:6379":                                    "one node, [::1]:6379, user , password , database 0, TLS false",
		"redis://a:7101,b:7102,c:7103":                          "Cluster, [a:7101 b:7102 c:7103], user , password , TLS false",
		"rediss://app:secret@a:7101,b:7102":                     "Cluster, [a:7101 b:7102], user app, password secret, TLS true",
		"redis+sentinel://a:26379,b:26379/main":                 "Sentinel",
		"rediss+sentinel://app:secret@a:26379/main?pool_size=3": "Sentinel",
	}
	for url, want := range tests {
		t.Run(url, func(t *testing.T) {
			client, err := redisClient(url)
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			if got := describe(client); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		})
	}
}

func describe(client redis.UniversalClient) string {
	switch client := client.(type) {
	case *redis.Client:
		o := client.Options()
		if o.Addr == "FailoverClient" {
			return "Sentinel"
		}
		return fmt.Sprintf("one node, %s, user %s, password %s, database %d, TLS %v", o.Addr, o.Username, o.Password, o.DB, o.TLSConfig != nil)
	case *redis.ClusterClient:
		o := client.Options()
		return fmt.Sprintf("Cluster, %v, user %s, password %s, TLS %v", o.Addrs, o.Username, o.Password, o.TLSConfig != nil)
	default:
		return fmt.Sprintf("%T", client)
	}
}

// Whatever is wrong with the URL, its password is in no error: not even one that was not encoded and ends up in another part.
func TestRedisURLIsNotRepeated(t *testing.T) {
	for _, url := range []string{
		"", "localhost:6379", "http://:hush@localhost", "redis://:hu/sh@localhost", "redis://:12/hush@localhost",
		"redis://:hush%@localhost", "redis://:hush@localhost:port", "redis://:hush@localhost/database", "redis://:hush@localhost?poolsize=1",
		"redis://:hush@a:1,b:2?poolsize=1", "redis+sentinel://:hush@a:26379", "redis+sentinel://:hush@a:26379,b:26379/", "redis+cluster://a:1",
	} {
		client, err := redisClient(url)
		if err == nil {
			client.Close()
			t.Errorf("%q is taken", url)
			continue
		}
		if !strings.HasPrefix(err.Error(), "REDIS_URL") || strings.Contains(err.Error(), "hu") {
			t.Errorf("%q: error %q, want one that names REDIS_URL and has no password in it", url, err)
		}
	}
}
