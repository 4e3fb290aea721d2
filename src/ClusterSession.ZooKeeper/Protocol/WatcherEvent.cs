namespace ClusterSession.ZooKeeper.Protocol;

/// <summary>A message that nobody asked for: a watch has fired.</summary>
/// <param name="Type">What has happened to the node.</param>
/// <param name="Path">Of the node, as the server names it.</param>
internal readonly record struct WatcherEvent(int Type, string Path)
{
    public static WatcherEvent Read(ref JuteReader reader)
    {
        var type = reader.Int();
        reader.Int(); // The state of the session, which a connection knows itself.
        return new WatcherEvent(type, reader.Text() ?? "");
    }
}
