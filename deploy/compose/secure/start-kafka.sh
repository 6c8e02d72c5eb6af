#!/bin/sh
# Formats the broker's disk with the principals' SCRAM passwords on the first start, and runs the broker.
set -eu
SECRETS=${SECRETS:-/secrets}
SECURE=${SECURE:-/secure}
RUN=${RUN:-/run/kafka}
KAFKA=${KAFKA:-/opt/kafka/bin}

umask 077
PASS=$(cat "$SECRETS/stores.password")
cat "$SECURE/server.properties" - > "$RUN/server.properties" <<EOF
ssl.keystore.location=$SECRETS/broker.p12
ssl.keystore.password=$PASS
ssl.truststore.location=$SECRETS/trust.p12
ssl.truststore.password=$PASS
EOF

set --
for file in "$SECRETS"/*.password; do
  principal=$(basename "$file" .password)
  [ "$principal" = stores ] || set -- "$@" --add-scram "SCRAM-SHA-512=[name=$principal,password=$(cat "$file")]"
done
# What it prints holds keys made from the passwords: it is shown only where it fails.
"$KAFKA/kafka-storage.sh" format --ignore-formatted -t dmFsdWUtZGVjYXktc2VjdQ -c "$RUN/server.properties" "$@" \
  > "$RUN/format.log" 2>&1 || { tail -n 3 "$RUN/format.log" >&2; exit 1; }
exec "$KAFKA/kafka-server-start.sh" "$RUN/server.properties"
