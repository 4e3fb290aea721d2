using ClusterSession.ZooKeeper.Protocol;

namespace ClusterSession.ZooKeeper.Connection;

/// <summary>Reads what a reply holds behind its header.</summary>
internal delegate ZooKeeperResult<T> ReplyBody<T>(ref JuteReader reader);
