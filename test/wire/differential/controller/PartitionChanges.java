import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.metadata.PartitionChangeRecord;
import org.apache.kafka.controller.PartitionChangeBuilder;
import org.apache.kafka.metadata.LeaderRecoveryState;
import org.apache.kafka.metadata.PartitionRegistration;
import org.apache.kafka.server.common.MetadataVersion;

/**
 * Asks Apache Kafka's controller what becomes of partitions: a case a line, an answer a line. Lists are `1,2` or `-`; what
 * is not asked for, and what does not change, is `=`.
 */
public class PartitionChanges {
  private static final Uuid DIRECTORY = Uuid.fromString("vfGtoePVQe6LnQmv1UZ9Zg");

  public static void main(String[] args) throws Exception {
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    StringBuilder answers = new StringBuilder();
    for (String line = lines.readLine(); line != null; line = lines.readLine()) answers.append(answer(line.split(" "))).append('\n');
    System.out.print(answers);
  }

  private static String answer(String[] words) {
    int[] replicas = ints(words[0]);
    Uuid[] directories = new Uuid[replicas.length];
    Arrays.fill(directories, DIRECTORY);
    PartitionRegistration partition = new PartitionRegistration.Builder()
        .setReplicas(replicas).setDirectories(directories).setIsr(ints(words[1])).setElr(ints(words[2]))
        .setLastKnownElr(ints(words[3])).setLeader(Integer.parseInt(words[4]))
        .setLeaderRecoveryState(LeaderRecoveryState.of(Byte.parseByte(words[5])))
        .setAddingReplicas(ints(words[6])).setRemovingReplicas(ints(words[7]))
        .setLeaderEpoch(5).setPartitionEpoch(9).build();
    Set<Integer> active = new HashSet<>(list(words[9]));
    PartitionChangeBuilder builder = new PartitionChangeBuilder(partition, Uuid.METADATA_TOPIC_ID, 0, active::contains,
        MetadataVersion.IBP_4_3_IV0, Integer.parseInt(words[8]), true);
    builder.setDefaultDirProvider(broker -> DIRECTORY);
    if (!words[10].equals("=")) builder.setTargetIsr(list(words[10]));
    if (!words[11].equals("=")) builder.setTargetLeaderRecoveryState(LeaderRecoveryState.of(Byte.parseByte(words[11])));
    if (!words[12].equals("=")) builder.setUncleanShutdownReplicas(list(words[12]));
    builder.setElection(PartitionChangeBuilder.Election.valueOf(words[13].toUpperCase()));
    return builder.build().map(record -> told((PartitionChangeRecord) record.message())).orElse("= = = = = = = =");
  }

  private static String told(PartitionChangeRecord change) {
    String leader = change.leader() == -2 ? "=" : String.valueOf(change.leader());
    String recovery = change.leaderRecoveryState() == -1 ? "=" : String.valueOf(change.leaderRecoveryState());
    return String.join(" ", told(change.isr()), told(change.eligibleLeaderReplicas()), told(change.lastKnownElr()), leader,
        recovery, told(change.replicas()), told(change.addingReplicas()), told(change.removingReplicas()));
  }

  private static String told(List<Integer> ids) {
    if (ids == null) return "=";
    return ids.isEmpty() ? "-" : ids.stream().map(String::valueOf).collect(Collectors.joining(","));
  }

  private static int[] ints(String text) {
    return text.equals("-") ? new int[0] : Arrays.stream(text.split(",")).mapToInt(Integer::parseInt).toArray();
  }

  private static List<Integer> list(String text) {
    return Arrays.stream(ints(text)).boxed().collect(Collectors.toList());
  }
}
