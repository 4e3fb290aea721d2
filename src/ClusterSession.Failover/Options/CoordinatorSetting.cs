using ClusterSession.Failover.Coordination;

namespace ClusterSession.Failover.Options;

/// <summary>The setting that names a coordination store: <c>kind=text</c>.</summary>
internal static class CoordinatorSetting
{
    /// <summary>What <paramref name="options"/> name; null: agents are the store
    /// themselves.</summary>
    /// <exception cref="InvalidOperationException">No such kind is registered.</exception>
    public static (ICoordinatorKind Kind, string Text)? Of(
        FailoverOptions options,
        IEnumerable<ICoordinatorKind> kinds
    ) =>
        options.Coordinator is not { } setting ? null
        : Find(setting, kinds) is { } kind ? (kind, TextOf(setting))
        : throw new InvalidOperationException(Unknown(setting, kinds));

    /// <summary>
    /// What is wrong with the setting; null: nothing. The sentence may name servers, a path and
    /// files; no secret is in it (<see cref="ICoordinatorKind.Fault"/>).
    /// </summary>
    public static string? Fault(string setting, IEnumerable<ICoordinatorKind> kinds) =>
        Find(setting, kinds) is { } kind ? kind.Fault(TextOf(setting)) : Unknown(setting, kinds);

    private static ICoordinatorKind? Find(string setting, IEnumerable<ICoordinatorKind> kinds) =>
        kinds.FirstOrDefault(kind => kind.Name.Equals(KindOf(setting), StringComparison.OrdinalIgnoreCase));

    private static string Unknown(string setting, IEnumerable<ICoordinatorKind> kinds) =>
        kinds.Select(kind => kind.Name).Distinct().ToArray() is { Length: > 0 } known
            ? $"It begins with '{KindOf(setting)}'. Write {string.Join(" or ", known.Select(name => $"{name}=..."))}, "
                + "or leave it out: the agents are the store themselves then."
            : $"It begins with '{KindOf(setting)}', and this application has no such store. Call "
                + "AddZooKeeperCoordinator() of ClusterSession.Failover.ZooKeeper for zookeeper=..., "
                + "AddEtcdCoordinator() of ClusterSession.Failover.Etcd for etcd=..., or leave it out.";

    private static string KindOf(string setting) => setting.Split('=', 2)[0].Trim();

    private static string TextOf(string setting) => setting.Split('=', 2) is [_, var text] ? text.Trim() : "";
}
