#!/bin/sh
# Makes what the secure profile needs, once: an authority, the broker's certificate, a password for each principal.
# Everything stays in the project's volume `secrets`, for brokers and the admin; the two roles that run here each have a
# volume of their own with what is theirs. `docker compose down --volumes` throws all away.
set -eu
SECRETS=${SECRETS:-/secrets}
CLIENTS=${CLIENTS:-/clients}
PRINCIPALS="worker provisioner usage-emitter support-emitter crm-emitter alert-reader dead-letter-operator importer exporter state-operator"

umask 022 # the other containers read them as users of their own; nobody else has the volumes
cd "$SECRETS"

hand_out() {
  for role in worker provisioner; do cp ca.pem "$role.password" "$CLIENTS/$role/"; done
}

if [ -f complete ]; then hand_out; exit 0; fi
rm -f ca.p12 broker.p12 trust.p12 # of a start that was cut short: keytool adds nothing under a name that is taken

random() { head -c 24 /dev/urandom | base64 | tr '+/' '-_'; }
for principal in admin $PRINCIPALS; do random | tr -d '\n' > "$principal.password"; done
random | tr -d '\n' > stores.password
PASS=$(cat stores.password)

keys() { keytool -storetype PKCS12 -storepass "$PASS" "$@"; }
EC="-keyalg EC -groupname secp256r1"
keys -genkeypair $EC -alias ca -keystore ca.p12 -dname CN=value-decay-detector -validity 3650 -ext bc:c -ext ku:c=keyCertSign
keys -exportcert -rfc -alias ca -keystore ca.p12 > ca.pem
keys -genkeypair $EC -alias broker -keystore broker.p12 -dname CN=kafka-secure -validity 825
keys -certreq -alias broker -keystore broker.p12 \
  | keys -gencert -rfc -alias ca -keystore ca.p12 -validity 825 -ext san=dns:kafka-secure,dns:localhost,ip:127.0.0.1 > broker.pem
keys -importcert -noprompt -alias ca -keystore broker.p12 -file ca.pem
keys -importcert -noprompt -alias broker -keystore broker.p12 -file broker.pem
keys -importcert -noprompt -alias ca -keystore trust.p12 -file ca.pem
rm -f ca.p12 broker.pem # nobody signs with this authority again

cat > admin.properties <<EOF
security.protocol=SASL_SSL
sasl.mechanism=SCRAM-SHA-512
sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="admin" password="$(cat admin.password)";
ssl.truststore.location=$SECRETS/trust.p12
ssl.truststore.password=$PASS
ssl.truststore.type=PKCS12
EOF
hand_out
touch complete
